import type { Command } from "commander";
import { findRun } from "#app/run-reference.ts";
import { unknownStep } from "#app/unknown-step.ts";
import type { Workplace } from "#app/workplace.ts";
import type { RunId } from "#canon/ids.ts";
import type { Fault } from "#fault/fault.ts";
import type { RunKey } from "#port/run-store.ts";
import { Transcript } from "#view/transcript.ts";
import { visibleText } from "#view/visible-text.ts";
import { gateStep } from "./approval-step.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { eventLine } from "./event-line.ts";
import { nextStep } from "./next-step.ts";
import { formatOf, positiveInteger, withGlobals } from "./options.ts";
import { withDesk, withRunAtDesk } from "./open-desk.ts";
import type { DeskOptions, ListedRow, RunDesk } from "./run-desk.ts";
import { runJson } from "./run-json.ts";
import { runText, type GateStepOf } from "./run-text.ts";
import { showTimeline } from "./runs-timeline.ts";
import { withServer } from "./server-options.ts";
import { withWorkplace } from "./with-workplace.ts";

type Done = (code: number) => void;
type RunWork = (runId: RunId, desk: RunDesk, format: string) => Promise<number>;

/** `packrun runs …`. */
export const runs: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("runs").description("list and inspect runs");
    defineList(group, cli, done);
    oneRun(group, cli, done, "show <run>", "status, steps and gates of a run", showRun(cli));
    defineLogs(group, cli, done);
    oneRun(group, cli, done, "artifacts <run>", "files that the steps of a run produced", showArtifacts(cli));
    oneRun(group, cli, done, "timeline <run>", "when each step ran and waited, as bars", (runId, desk, format) =>
      showTimeline(cli, runId, desk, format),
    );
    defineLedger(group, cli, done);
    group.addHelpText("after", "\nRUN is a run id, the beginning of one, or last.\nExample: packrun runs show last");
  },
};

function oneRun(group: Command, cli: Cli, done: Done, usage: string, what: string, work: RunWork): void {
  withServer(withGlobals(group.command(usage).description(what))).action(async (text: string, options: DeskOptions) => {
    done(await withRunAtDesk(cli, options, text, (runId, desk) => work(runId, desk, formatOf(options))));
  });
}

/** Opens the workplace and finds the run that is named. */
export function withRun(
  cli: Cli,
  options: GlobalOptions,
  text: string,
  work: (key: RunKey, workplace: Workplace) => Promise<number>,
): Promise<number> {
  return withWorkplace(cli, options, async (workplace) => {
    const key = await findRun(text, workplace.settings.tenantId, workplace.store);
    if (!key.ok) {
      return cli.fault(key.fault, formatOf(options));
    }
    cli.worksOn(key.value.runId);
    return work(key.value, workplace);
  });
}

function defineList(group: Command, cli: Cli, done: Done): void {
  withServer(withGlobals(group.command("list").description("runs of this tenant, the newest first")))
    .option("--limit <n>", "at most so many", positiveInteger, 50)
    .action(async (options: DeskOptions & { limit: number }) => {
      const work = async (desk: RunDesk): Promise<number> => {
        const rows = await desk.list(options.limit);
        if (!rows.ok) {
          return cli.fault(rows.fault, formatOf(options));
        }
        if (formatOf(options) === "json") {
          cli.out(jsonLine({ schemaVersion: 1, items: rows.value }));
          return 0;
        }
        rows.value.forEach((row) => cli.out(`${visibleText(rowText(cli, row))}\n`));
        if (rows.value.length === 0) {
          cli.note(`no runs here yet; \`${nextStep(cli, "run", "PACK")}\` makes one`);
        }
        return 0;
      };
      done(await withDesk(cli, options, work));
    });
}

function rowText(cli: Cli, row: ListedRow): string {
  const { runId, status, createdAt, packName, packVersion, reason, driven } = row;
  const why = driven === false ? `no process drives it: ${nextStep(cli, "resume", runId)}` : (reason ?? "");
  return `${runId}  ${status.padEnd(9)}  ${createdAt}  ${packName}@${packVersion}  ${why}`.trimEnd();
}

function showRun(cli: Cli): RunWork {
  return async (runId, desk, format) => {
    const run = await desk.show(runId);
    if (!run.ok) {
      return cli.fault(run.fault, format);
    }
    const { answer, driven } = run.value;
    const step: GateStepOf = (gate) => gateStep(cli, gate, desk.access);
    cli.out(format === "json" ? jsonLine(runJson(answer)) : runText(answer, step, { use: true }));
    if (format === "text" && !driven) {
      cli.note(`no process drives this run; go on with: ${nextStep(cli, "resume", runId)}`);
    }
    return 0;
  };
}

type LogOptions = DeskOptions & { readonly follow?: boolean; readonly step?: string };

function defineLogs(group: Command, cli: Cli, done: Done): void {
  const command = group.command("logs <run>").description("output of the steps of a run");
  withServer(withGlobals(command, ["text", "ndjson"]))
    .option("-f, --follow", "go on until the run is over")
    .option("--step <id>", "of one step")
    .action(async (text: string, options: LogOptions) => {
      done(await withRunAtDesk(cli, options, text, (runId, desk) => showLogs(cli, runId, desk, options)));
    });
}

async function showLogs(cli: Cli, runId: RunId, desk: RunDesk, options: LogOptions): Promise<number> {
  const wrong =
    options.step === undefined ? undefined : await missingStep(runId, desk, options.step, options.follow === true);
  if (wrong !== undefined) {
    return cli.fault(wrong, formatOf(options));
  }
  const transcript = new Transcript(options.step === undefined);
  const told = await desk.events(runId, options.follow === true, (event) => {
    if (event.eventType !== "step.output" || (options.step !== undefined && event.stepId !== options.step)) {
      return;
    }
    if (formatOf(options) === "ndjson") {
      cli.out(eventLine(event));
    } else {
      cli.out(transcript.add(event));
    }
  });
  cli.out(transcript.end());
  return told.ok ? 0 : cli.fault(told.fault, formatOf(options));
}

/**
 * The fault of a step that the run does not have. Iterations of a map come to be while the run goes on, so those that are
 * followed may not be there yet.
 */
async function missingStep(runId: RunId, desk: RunDesk, stepId: string, live: boolean): Promise<Fault | undefined> {
  const run = await desk.show(runId);
  if (!run.ok) {
    return run.fault;
  }
  const known = run.value.answer.steps.map(({ id }) => id);
  if (known.includes(stepId) || (live && stepId.includes("["))) {
    return undefined;
  }
  return unknownStep(stepId, runId, known);
}

function showArtifacts(cli: Cli): RunWork {
  return async (runId, desk, format) => {
    const listed = await desk.artifacts(runId);
    if (!listed.ok) {
      return cli.fault(listed.fault, format);
    }
    const items = listed.value;
    if (format === "json") {
      cli.out(jsonLine({ schemaVersion: 1, items }));
      return 0;
    }
    for (const item of items) {
      const what =
        item.status === "captured"
          ? `${item.digest ?? ""}  ${item.size ?? 0} bytes`
          : `${item.status}  ${item.notes ?? ""}`;
      cli.out(`${visibleText(`${item.stepId ?? ""}/${item.name}  ${what}`)}\n`);
    }
    return 0;
  };
}

function defineLedger(group: Command, cli: Cli, done: Done): void {
  const command = group.command("ledger <run>").description("the ledger as it stands, also when its chain is broken");
  withServer(withGlobals(command, ["text", "json", "ndjson"])).action(async (text: string, options: DeskOptions) => {
    done(await withRunAtDesk(cli, options, text, (runId, desk) => showLedger(cli, runId, desk, formatOf(options))));
  });
}

async function showLedger(cli: Cli, runId: RunId, desk: RunDesk, format: string): Promise<number> {
  const texts: string[] = [];
  const told = await desk.ledger(runId, format === "json" ? (text) => texts.push(text) : cli.out);
  if (!told.ok) {
    return cli.fault(told.fault, format);
  }
  if (format === "json") {
    const lines = texts.join("").split("\n").filter(Boolean);
    cli.out(jsonLine({ schemaVersion: 1, runId, events: lines.map(eventOrText) }));
  }
  return 0;
}

/** A line that is no JSON any more is shown as it stands. */
function eventOrText(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
