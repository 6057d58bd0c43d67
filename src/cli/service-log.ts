import type { Log } from "#api/route.ts";
import type { DebugLog } from "#app/service/work-shift.ts";
import type { WorkerNote } from "#app/service/worker.ts";
import type { Workplace } from "#app/workplace.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { Cli } from "./cli.ts";

export type ServiceLog = {
  /** Lines of the API. */
  readonly log: Log;
  /** What a worker tells of its work and of its store. */
  readonly note: (note: WorkerNote) => void;
  readonly writeDebug: DebugLog["write"];
};

/** The service's log (SPEC.md 14.6): JSON lines on stderr, without what any secret of this process is. */
export function serviceLog(
  cli: Pick<Cli, "err">,
  clock: Pick<Workplace["clock"], "now">,
  withoutSecrets: (text: string) => string,
): ServiceLog {
  const write: WriteLine = (level, event, about) => {
    const line = { ts: timestampOf(clock.now()), level, event, ...about };
    const clean = JSON.stringify(line, (_, each: unknown) => (typeof each === "string" ? withoutSecrets(each) : each));
    cli.err(`${clean}\n`);
  };
  return {
    log: (level, event, about) => write(level, event, { lane: "api", ...about }),
    note: (told) => writeNote(told, write),
    writeDebug: ({ tenantId, runId }, { event, ...data }) => {
      const lane = event === "store.conflict" ? "store" : "engine";
      write("debug", event, { lane, runId, data: { tenant: tenantId, ...data } });
    },
  };
}

type WriteLine = (level: string, event: string, about: Readonly<Record<string, unknown>>) => void;

function writeNote({ event, key, fault, end, error, count }: WorkerNote, write: WriteLine): void {
  const failed =
    fault !== undefined
      ? { code: fault.code, message: fault.message }
      : error instanceof Error
        ? { name: error.name, message: error.message }
        : {};
  write(error !== undefined ? "error" : fault === undefined ? "info" : "warn", event, {
    lane: event.startsWith("store.") ? "store" : "engine",
    ...(key === undefined ? {} : { runId: key.runId }),
    data: { ...(key === undefined ? {} : { tenant: key.tenantId }), ...failed, end, count },
  });
}
