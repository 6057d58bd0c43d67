import { encodeUtf8 } from "#canon/utf8.ts";
import type { LedgerEvent } from "#run/event.ts";

export const EVENT_STREAM = "text/event-stream";
export const NDJSON = "application/x-ndjson";

const LEVELS = ["debug", "info", "warn", "error"] as const;
type Level = (typeof LEVELS)[number];

/** What of a ledger is asked for: events of one step, of at least a level, and all but what steps printed. */
export type EventFilter = {
  readonly step?: string | undefined;
  readonly level?: Level | undefined;
  readonly output?: "none" | undefined;
};

/** Many read the same event at about the same time: it is written down once. */
const written = new WeakMap<LedgerEvent, { readonly [EVENT_STREAM]: Uint8Array; readonly [NDJSON]: Uint8Array }>();

function writtenAs(event: LedgerEvent, mediaType: typeof EVENT_STREAM | typeof NDJSON): Uint8Array {
  const known = written.get(event);
  if (known !== undefined) {
    return known[mediaType];
  }
  const json = JSON.stringify(event);
  const made = {
    [EVENT_STREAM]: encodeUtf8(`id: ${event.sequence}\nevent: ${event.eventType}\ndata: ${json}\n\n`),
    [NDJSON]: encodeUtf8(`${json}\n`),
  };
  written.set(event, made);
  return made[mediaType];
}

/** A comment of the event stream, an empty line among lines: they keep what stands between from going to sleep. */
const HEARTBEATS = { [EVENT_STREAM]: encodeUtf8(": alive\n\n"), [NDJSON]: encodeUtf8("\n") };

/**
 * Events as lines of a media type. Sequences stay the ledger's whatever is left out. Where nothing was sent for `idleMs`, though
 * there may have been events that were not asked for, a heartbeat is.
 */
export async function* eventLines(
  events: AsyncIterable<LedgerEvent | "idle">,
  mediaType: typeof EVENT_STREAM | typeof NDJSON,
  { idleMs, ...filter }: EventFilter & { readonly idleMs: number },
): AsyncGenerator<Uint8Array> {
  const least = LEVELS.indexOf(filter.level ?? "debug");
  let sent = performance.now();
  for await (const event of events) {
    const isAsked =
      event !== "idle" &&
      LEVELS.indexOf(event.level) >= least &&
      (filter.output === undefined || event.eventType !== "step.output") &&
      (filter.step === undefined || event.stepId === filter.step || event.eventType === "run.finished");
    if (isAsked || event === "idle" || performance.now() - sent >= idleMs) {
      yield isAsked ? writtenAs(event, mediaType) : HEARTBEATS[mediaType];
      sent = performance.now();
    }
  }
}
