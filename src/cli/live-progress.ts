import { fitEnd, fitMiddle, textWidth } from "#view/text-width.ts";
import type { RunProgress } from "#view/run-progress.ts";
import { seconds } from "#view/transition.ts";
import type { Cli } from "./cli.ts";
import { LiveRegion, type RegionLine } from "./live-region.ts";
import type { Following, LedgerEvent, Progress } from "./progress.ts";
import { gateLines, stayingLines } from "./staying-lines.ts";
import { isAttemptEnd, StepTails } from "./step-tails.ts";

/** Milliseconds between two drawings: however much happens, the screen changes no more often. */
const FRAME_MS = 100;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/** Running steps that are shown at once where the terminal has so many rows; more are counted. */
const SHOWN = 8;
/** Columns in which the output of a step tells something; fewer are left empty. */
const LEAST_OUTPUT = 8;

/** Lines that stay, and below them the steps that run, with the last line that each printed. */
export function showLive(cli: Cli, following: Following): Progress {
  const region = new LiveRegion({ write: cli.err, columns: () => cli.columns });
  const tails = new StepTails();
  const running = new Map<string, number>();
  let above: string[] = [];
  let frame = 0;
  let counted: RunProgress | undefined;
  const began = Date.now();
  const draw = (): void => {
    const most = Math.min(SHOWN, Math.max(1, cli.rows - 3));
    const shown = [...running].slice(0, most).map(([id, since]) => runningLine(cli, id, since, frame, tails));
    const more = running.size > most ? [moreLine(cli, running.size - most)] : [];
    const status = counted === undefined ? [] : [statusLine(cli, counted, Date.now() - began)];
    region.draw(above, [...shown, ...more, ...status]);
    above = [];
  };
  const timer = setInterval(() => {
    frame += 1;
    draw();
  }, FRAME_MS);
  timer.unref();
  return {
    events: (events) => {
      for (const event of events) {
        const tail = tails.follow(event);
        counted?.take(event);
        noteRunning(event, running);
        if (event.eventType !== "step.started") {
          above.push(...stayingLines(cli, event, tail, following));
        }
      }
    },
    note: (text) => {
      above.push(`packrun: ${text}`);
      draw();
    },
    open: (gates) => {
      above.push(...gates.flatMap((gate) => gateLines(cli, gate, following)));
      draw();
    },
    count: (given) => {
      counted = given;
    },
    close: () => {
      clearInterval(timer);
      running.clear();
      counted = undefined;
      draw();
    },
  };
}

function noteRunning(event: LedgerEvent, running: Map<string, number>): void {
  const { eventType, stepId } = event;
  if (stepId === undefined) {
    return;
  }
  if (eventType === "step.started") {
    running.set(stepId, Date.now());
  } else if (isAttemptEnd(event)) {
    running.delete(stepId);
  }
}

/** Spinner, step and time; then, where there is room, what it printed last. One column stays free for the cursor. */
function runningLine(cli: Cli, id: string, since: number, frame: number, tails: StepTails): RegionLine {
  const columns = cli.columns - 1;
  const spinner = FRAMES[frame % FRAMES.length] ?? "";
  const time = seconds(Date.now() - since);
  const head = `${spinner} ${fitMiddle(id, columns - time.length - 4)}  ${time}`;
  const width = textWidth(head);
  const room = columns - width - 2;
  const last = room < LEAST_OUTPUT ? "" : fitEnd(tails.lastLine(id), room);
  return last === ""
    ? { text: cli.style("cyan", head), width }
    : { text: `${cli.style("cyan", head)}  ${cli.style("dim", last)}`, width: width + 2 + textWidth(last) };
}

/** How far the run is: what matters most stands first, as a narrow terminal cuts off the end. */
function statusLine(cli: Cli, counted: RunProgress, elapsed: number): RegionLine {
  const { ended, total, whole, running, waiting, wave, waves } = counted.now();
  const [gate] = waiting;
  const parts = [
    `${ended} of ${total}${whole ? "" : "+"} steps`,
    ...(running === 0 ? [] : [`${running} running`]),
    ...(gate === undefined
      ? []
      : [waiting.length === 1 ? `${gate} waits for approval` : `${waiting.length} gates wait`]),
    `wave ${wave} of ${waves}`,
    seconds(elapsed - (elapsed % FRAME_MS)),
  ];
  const text = fitEnd(`  ${parts.join(" · ")}`, cli.columns - 1);
  return { text: cli.style("dim", text), width: textWidth(text) };
}

function moreLine(cli: Cli, count: number): RegionLine {
  const text = `  and ${count} more`;
  return { text: cli.style("dim", text), width: text.length };
}
