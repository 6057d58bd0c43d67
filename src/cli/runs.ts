import type { Command } from "commander";
import { isDriven, listRuns, type ListedRun } from "#app/list-runs.ts";
import { findRun } from "#app/run-reference.ts";
import { readRun } from "#app/read-run.ts";
import type { Workplace } from "#app/workplace.ts";
import type { RunKey } from "#port/run-store.ts";
import { visibleText } from "#view/visible-text.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { formatOf, positiveInteger, withGlobals } from "./options.ts";
import { runText } from "./run-text.ts";
import { showTimeline } from "./runs-timeline.ts";
import { withWorkplace } from "./with-workplace.ts";

type Done = (code: number) => void;
type RunWork = (key: RunKey, workplace: Workplace, format: string) => Promise<number>;

/** `packrun runs …`. */
export const runs: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("runs").description("list and inspect runs");
    defineList(group, cli, done);
    oneRun(group, cli, done, "show <run>", "status, steps and gates of a run", showRun(cli));
    defineLogs(group, cli, done);
    oneRun(group, cli, done, "artifacts <run>", "files that the steps of a run produced", showArtifacts(cli));
    oneRun(group, cli, done, "timeline <run>", "when each step ran and waited, as bars", (key, workplace, format) =>
      showTimeline(cli, key, workplace, format),
    );
    oneRun(group, cli, done, "ledger <run>", "the ledger as it stands, also when its chain is broken", showLedger(cli));
    group.addHelpText("after", "\nRUN is a run id, the beginning of one, or last.\nExample: packrun runs show last");
  },
};

function oneRun(group: Command, cli: Cli, done: Done, usage: string, what: string, work: RunWork): void {
  withGlobals(group.command(usage).description(what)).action(async (text: string, options: GlobalOptions) => {
    done(await withRun(cli, options, text, (key, workplace) => work(key, workplace, formatOf(options))));
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
    return key.ok ? work(key.value, workplace) : cli.fault(key.fault, formatOf(options));
  });
}

function defineList(group: Command, cli: Cli, done: Done): void {
  withGlobals(group.command("list").description("runs of this tenant, the newest first"))
    .option("--limit <n>", "at most so many", positiveInteger, 50)
    .action(async (options: GlobalOptions & { limit: number }) => {
      const work = async (workplace: Workplace): Promise<number> => {
        const rows = await listRuns(workplace, { limit: options.limit });
        if (formatOf(options) === "json") {
          cli.out(jsonLine({ schemaVersion: 1, items: rows }));
          return 0;
        }
        rows.forEach((row) => cli.out(`${rowText(row)}\n`));
        if (rows.length === 0) {
          cli.note("no runs here yet; `packrun run PACK` makes one");
        }
        return 0;
      };
      done(await withWorkplace(cli, options, work));
    });
}

function rowText({ runId, status, createdAt, packName, packVersion, reason, driven }: ListedRun): string {
  const why = driven === false ? "no process drives it: packrun resume" : (reason ?? "");
  return `${runId}  ${status.padEnd(9)}  ${createdAt}  ${packName}@${packVersion}  ${why}`.trimEnd();
}

function showRun(cli: Cli): RunWork {
  return async (key, workplace, format) => {
    const run = await readRun(key, workplace);
    if (!run.ok) {
      return cli.fault(run.fault, format);
    }
    cli.out(
      format === "json"
        ? jsonLine({ schemaVersion: 1, ...run.value.answer })
        : runText(run.value.answer, { use: true }),
    );
    if (format === "text" && run.value.answer.status === "running" && !(await isDriven(key, workplace))) {
      cli.note(`no process drives this run; go on with: packrun resume ${key.runId}`);
    }
    return 0;
  };
}

function defineLogs(group: Command, cli: Cli, done: Done): void {
  withGlobals(group.command("logs <run>").description("output of the steps of a run"), ["text", "ndjson"])
    .option("-f, --follow", "go on until the run is over")
    .option("--step <id>", "of one step")
    .action(async (text: string, options: GlobalOptions & { follow?: boolean; step?: string }) => {
      done(await withRun(cli, options, text, (key, workplace) => showLogs(cli, key, workplace, options)));
    });
}

async function showLogs(
  cli: Cli,
  key: RunKey,
  { store }: Workplace,
  options: GlobalOptions & { follow?: boolean; step?: string },
): Promise<number> {
  let seen = 0;
  let over = false;
  do {
    for await (const event of store.ledger.read(key, seen)) {
      seen = event.sequence;
      over ||= event.eventType === "run.finished";
      if (event.eventType !== "step.output" || (options.step !== undefined && event.stepId !== options.step)) {
        continue;
      }
      if (formatOf(options) === "ndjson") {
        cli.out(jsonLine(event));
      } else {
        const prefix = options.step === undefined ? `${event.stepId ?? ""} | ` : "";
        cli.out(event.metadata.lines.map((line) => `${prefix}${visibleText(line)}\n`).join(""));
      }
    }
    if (options.follow === true && !over) {
      await store.ledger.changed(key, seen, 1000);
    }
  } while (options.follow === true && !over);
  return 0;
}

function showArtifacts(cli: Cli): RunWork {
  return async (key, workplace, format) => {
    const items = [];
    for await (const event of workplace.store.ledger.read(key)) {
      if (event.eventType === "step.artifact") {
        items.push({ stepId: event.stepId, attempt: event.attempt, ...event.metadata });
      }
    }
    if (format === "json") {
      cli.out(jsonLine({ schemaVersion: 1, items }));
      return 0;
    }
    for (const item of items) {
      const what =
        item.status === "captured"
          ? `${item.digest ?? ""}  ${item.size ?? 0} bytes`
          : `${item.status}  ${item.notes ?? ""}`;
      cli.out(`${item.stepId ?? ""}/${item.name}  ${what}\n`);
    }
    return 0;
  };
}

function showLedger(cli: Cli): RunWork {
  return async (key, workplace) => {
    const decoder = new TextDecoder();
    for await (const chunk of workplace.store.ledger.readRaw(key)) {
      cli.out(decoder.decode(chunk, { stream: true }));
    }
    cli.out(decoder.decode());
    return 0;
  };
}
