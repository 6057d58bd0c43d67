import type { RunEnd, RunOrder } from "#app/finish-run.ts";
import type { Workplace } from "#app/workplace.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { Result } from "#fault/result.ts";
import { RunProgress } from "#view/run-progress.ts";
import type { Cli } from "./cli.ts";
import { interruptible, parallelOf, readReferences, type DriveOptions } from "./drive-options.ts";
import { eventLine } from "./event-line.ts";
import { nextStep } from "./next-step.ts";
import { formatOf } from "./options.ts";
import { showRunEnd } from "./run-end.ts";
import { showProgress } from "./show-progress.ts";
import { balanceMemory } from "./small-heap.ts";

/**
 * Drives a run in front of a person: progress while it goes on, Ctrl-C, its end in the asked format; the exit code.
 * `drive` names the run as soon as there is one; `packFile` is where its steps are declared, if in a folder.
 */
export async function driveCommand(
  cli: Cli,
  options: DriveOptions,
  workplace: Workplace,
  drive: (order: RunOrder, named: (runId: string) => void) => Promise<Result<RunEnd>>,
  packFile?: string,
): Promise<number> {
  const references = await readReferences(options.secret, workplace.settings);
  if (!references.ok) {
    return cli.fault(references.fault, formatOf(options));
  }
  let runId = "last";
  const progress = showProgress(cli, {
    stays: options.wait !== false,
    runId: () => runId,
    ...(packFile === undefined ? {} : { packFile }),
  });
  const { stop, ...signals } = interruptible(progress.note, {
    cancel: "cancelling; once more ends everything at once",
    abort: () => `ending everything now; \`${nextStep(cli, "resume", runId)}\` goes on`,
  });
  const { evidence } = options;
  try {
    const order: RunOrder = {
      references: references.value,
      maxParallel: parallelOf(options),
      wait: options.wait !== false,
      ...signals,
      ...(evidence === undefined ? {} : { evidence }),
      onFound: ({ identity, openGates }) => {
        progress.note(`run ${identity.runId}, planHash ${identity.planHash}`);
        progress.open(openGates.map(({ id, notAfter }) => ({ id, notAfter: timestampOf(notAfter) })));
      },
      onOvertaken: () => progress.note("another process drives the run, this one follows"),
      onPlan: (plan, steps) => progress.count(new RunProgress(plan, steps)),
      onEvents: (events) => {
        if (events.some((event) => event.eventType === "step.started")) {
          balanceMemory();
        }
        progress.events(events);
        if (formatOf(options) === "ndjson") {
          events.forEach((event) => cli.out(eventLine(event)));
        }
      },
    };
    const ended = await drive(order, (name) => {
      runId = name;
      cli.worksOn(name);
    });
    progress.close();
    return ended.ok
      ? await showRunEnd(cli, ended.value, options, workplace, signals.cancel?.reason)
      : cli.fault(ended.fault, formatOf(options));
  } finally {
    progress.close();
    stop();
  }
}
