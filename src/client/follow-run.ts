import { eventMisfit } from "#run/event-shape.ts";
import type { LedgerEvent } from "#run/event.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { clientCodes } from "./codes.ts";
import { streamMessages, type StreamMessage } from "./event-source.ts";
import type { Exchange } from "./exchange.ts";
import { strange } from "./read-answer.ts";

export type Follow = {
  readonly runId: string;
  /** Sequence of the last event that is known. */
  readonly after: number;
  /** Told every event once, in the ledger's order; `stop` ends it. */
  readonly onEvent: (event: LedgerEvent) => "go" | "stop";
  readonly signal?: AbortSignal | undefined;
};

/** A server sends something every 15 s: one that is silent for longer is gone, in milliseconds. */
const SILENT_MS = 45_000;
/** How long a server that went away is waited for, in milliseconds. */
const PATIENCE_MS = 60_000;
/** Between a stream that broke off and the next, in milliseconds. */
const REST_MS = 100;
/** Streams in a row that broke off without a single event. */
const MOST_EMPTY = 100;

/**
 * Follows a run by its event stream until it is over, `onEvent` stops it, or the signal aborts. A stream that breaks off is
 * taken up behind the last event: none is lost, none comes twice. Faults: those of `Exchange`.
 */
export async function followRun(exchange: Exchange, follow: Follow): Promise<Result<void>> {
  let seen = follow.after;
  const isLeft = (): boolean => follow.signal?.aborted === true;
  for (let empty = 0; !isLeft();) {
    const opened = await openStream(exchange, follow, seen);
    if (!opened.ok) {
      return isLeft() ? ok(undefined) : opened;
    }
    if (opened.value.status === 204) {
      return ok(undefined);
    }
    const before = seen;
    const read = await readStream(exchange, opened.value, follow, seen);
    if (!read.ok) {
      return read;
    }
    seen = read.value.seen;
    if (read.value.over) {
      return ok(undefined);
    }
    empty = seen === before ? empty + 1 : 0;
    if (empty === MOST_EMPTY) {
      const problem = "its event stream breaks off again and again";
      return fail(faultOf(clientCodes, "SERVER_UNREACHABLE", { server: exchange.server, problem }));
    }
    await exchange.rest(Math.min(REST_MS * 2 ** Math.min(empty, 6), 5000), follow.signal);
  }
  return ok(undefined);
}

function openStream(exchange: Exchange, { runId, signal }: Follow, seen: number): Promise<Result<Response>> {
  return exchange.send({
    method: "GET",
    path: `api/runs/${runId}/logs`,
    headers: { Accept: "text/event-stream", ...(seen === 0 ? {} : { "Last-Event-ID": String(seen) }) },
    repeatable: true,
    patienceMs: PATIENCE_MS,
    signal,
  });
}

type Reading = { readonly seen: number; readonly over: boolean };

/** Reads a stream to its end, however that comes. The fault is that of a stream that cannot be this run's. */
async function readStream(
  { server }: Exchange,
  { body, headers }: Response,
  { onEvent, signal }: Follow,
  after: number,
): Promise<Result<Reading>> {
  if (body === null || headers.get("content-type")?.startsWith("text/event-stream") !== true) {
    await body?.cancel().catch(() => undefined);
    return fail(strange(server, "its log is no event stream"));
  }
  let seen = after;
  for await (const message of streamMessages(partsOf(body, signal))) {
    const event = eventOf(message, seen, server);
    if (!event.ok) {
      return event;
    }
    if (event.value === undefined) {
      continue;
    }
    seen = event.value.sequence;
    if (onEvent(event.value) === "stop" || event.value.eventType === "run.finished") {
      return ok({ seen, over: true });
    }
  }
  return ok({ seen, over: false });
}

/** An event that is new; undefined for one that was there already. Nothing may be left out between. */
function eventOf({ data }: StreamMessage, seen: number, server: string): Result<LedgerEvent | undefined> {
  const value = parsed(data);
  const misfit = eventMisfit(value);
  if (misfit !== undefined) {
    return refuse(server, `its log holds no event (${misfit})`);
  }
  const event = value as LedgerEvent;
  if (event.sequence <= seen) {
    return ok(undefined);
  }
  return event.sequence === seen + 1
    ? ok(event)
    : refuse(server, `its log goes on with event ${event.sequence} after ${seen}`);
}

function refuse(server: string, problem: string): { readonly ok: false; readonly fault: Fault } {
  return fail(strange(server, problem));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The parts of a body until it ends, breaks off, stays silent for too long, or is no longer wanted. */
async function* partsOf(body: ReadableStream<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  const giveUp = (): void => void reader.cancel().catch(() => undefined);
  signal?.addEventListener("abort", giveUp, { once: true });
  const timer = setTimeout(giveUp, SILENT_MS);
  try {
    for (;;) {
      const part = await reader.read().catch(() => undefined);
      if (part === undefined || part.done) {
        return;
      }
      timer.refresh();
      yield part.value;
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
    await reader.cancel().catch(() => undefined);
  }
}
