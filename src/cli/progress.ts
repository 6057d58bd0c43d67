import { seconds, transitionOf, type Transition } from "#view/transition.ts";
import { visibleText } from "#view/visible-text.ts";
import type { Cli, Style } from "./cli.ts";

type LedgerEvent = Parameters<typeof transitionOf>[0];

/** Shows a run on stderr while it goes on. `close` leaves the terminal as it was. */
export type Progress = { readonly events: (events: readonly LedgerEvent[]) => void; readonly close: () => void };

const TONES: Readonly<Record<Transition["tone"], Style | undefined>> = {
  good: "green",
  bad: "red",
  warn: "yellow",
  plain: undefined,
  dim: "dim",
};

/** A line per transition; on a terminal also the running steps, drawn over below them. */
export function showProgress(cli: Cli): Progress {
  return cli.live ? liveProgress(cli) : { events: (events) => events.forEach((event) => printLine(cli, event)), close };
}

function close(): void {
  // A plain listing leaves nothing behind.
}

function printLine(cli: Cli, event: LedgerEvent): void {
  const transition = transitionOf(event);
  if (transition !== undefined) {
    cli.err(`${paint(cli, transition)}\n`);
  }
}

function paint(cli: Cli, { mark, tone, subject, text }: Transition): string {
  const style = TONES[tone];
  const marked = style === undefined ? mark : cli.style(style, mark);
  return `${marked} ${cli.style("bold", visibleText(subject))}  ${visibleText(text)}`;
}

type Running = { readonly since: number; last: string };

/** Milliseconds between two drawings. */
const FRAME_MS = 100;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/** Running steps that are shown at once; more are counted. */
const SHOWN = 8;
/** Lines of output shown in place when a step fails. */
const TAIL = 20;

function liveProgress(cli: Cli): Progress {
  const running = new Map<string, Running>();
  const tails = new Map<string, string[]>();
  let drawn = 0;
  let frame = 0;
  const erase = (): string => (drawn === 0 ? "" : `\u001b[${drawn}A\u001b[J`);
  const draw = (above: string): void => {
    const region = [...running].slice(0, SHOWN).map(([id, step]) => runningLine(cli, id, step, frame));
    if (running.size > SHOWN) {
      region.push(cli.style("dim", `  and ${running.size - SHOWN} more`));
    }
    cli.err(`${erase()}${above}${region.map((line) => `${line}\n`).join("")}`);
    drawn = region.length;
  };
  const timer = setInterval(() => {
    frame += 1;
    draw("");
  }, FRAME_MS);
  timer.unref();
  return {
    events: (events) => draw(events.map((event) => follow(cli, event, running, tails)).join("")),
    close: () => {
      clearInterval(timer);
      running.clear();
      draw("");
    },
  };
}

/** Keeps track of what runs; the lines that stay on the screen. */
function follow(cli: Cli, event: LedgerEvent, running: Map<string, Running>, tails: Map<string, string[]>): string {
  const id = event.stepId ?? "";
  if (event.eventType === "step.started") {
    running.set(id, { since: Date.now(), last: "" });
    tails.set(id, []);
    return "";
  }
  if (event.eventType === "step.output") {
    const tail = [...(tails.get(id) ?? []), ...event.metadata.lines].slice(-TAIL);
    tails.set(id, tail);
    const step = running.get(id);
    if (step !== undefined) {
      step.last = tail.at(-1) ?? "";
    }
    return "";
  }
  const transition = transitionOf(event);
  if (transition === undefined) {
    return "";
  }
  running.delete(id);
  const lines = [paint(cli, transition)];
  if (event.eventType === "step.failed") {
    lines.push(...(tails.get(id) ?? []).map((line) => cli.style("dim", `    ${clip(line, cli.columns - 5)}`)));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function runningLine(cli: Cli, id: string, step: Running, frame: number): string {
  const spinner = FRAMES[frame % FRAMES.length] ?? "";
  const head = `${spinner} ${id}  ${seconds(Date.now() - step.since)}`;
  const room = cli.columns - head.length - 4;
  return `${cli.style("cyan", head)}  ${cli.style("dim", clip(step.last, room))}`;
}

function clip(text: string, width: number): string {
  const visible = visibleText(text);
  return visible.length > width ? `${visible.slice(0, Math.max(0, width - 1))}…` : visible;
}
