import { canonicalJson } from "#canon/canonical-json.ts";
import { digestOf, digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import { millisecondsOf, timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { runCodes } from "./codes.ts";
import type { EventDraft, LedgerEvent } from "./event.ts";
import { eventMisfit } from "./event-shape.ts";
import { levelOf, messageOf } from "./event-words.ts";
import type { Identity } from "./run-record.ts";

const NEWLINE = 0x0a;

/** The text of an event that was sealed here, for who writes it first: kept any longer, long output would fill memory. */
const texts = new WeakMap<LedgerEvent, string>();

/** Where a chain stands: its last event, or its beginning (`sequence` 0, the genesis hash, time 0). */
export type ChainHead = {
  readonly sequence: number;
  readonly hash: Digest;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
};

/** `prev` of the first event: SHA-256 of the JCS of the run's identity. */
export function genesisHash(identity: Identity, sha256: Sha256): Digest {
  const { runId, tenantId, trustDomain, planHash } = identity;
  return digestOfJson({ runId, tenantId, trustDomain, planHash }, sha256);
}

export function genesisHead(identity: Identity, sha256: Sha256): ChainHead {
  return { sequence: 0, hash: genesisHash(identity, sha256), timestamp: 0 };
}

export function headOf(event: LedgerEvent): ChainHead {
  return { sequence: event.sequence, hash: event.hash, timestamp: millisecondsOf(event.timestamp) ?? 0 };
}

/**
 * Makes a decided event the next one of a chain. Its timestamp is `now`, or the previous one's where the clock went
 * back. Lone surrogates, which canonical JSON cannot carry, become U+FFFD.
 */
export function sealEvent(draft: EventDraft, head: ChainHead, now: number, sha256: Sha256): LedgerEvent {
  const timestamp = timestampOf(Math.max(now, head.timestamp));
  const parts =
    partsOf(enveloped(draft, head, timestamp)) ?? partsOf(enveloped(replaceLone(draft) as EventDraft, head, timestamp));
  if (parts === undefined) {
    throw new Error(`${draft.eventType} holds what JSON cannot`);
  }
  const hash = hashOf(parts, sha256);
  const event = sealed(parts, hash);
  texts.set(event, textOf(parts, hash));
  return event;
}

function enveloped(draft: EventDraft, head: ChainHead, timestamp: Timestamp): Unhashed {
  const level = levelOf(draft);
  const message = messageOf(draft);
  return { ...draft, level, message, prev: head.hash, sequence: head.sequence + 1, timestamp };
}

type Unhashed = EventDraft & Pick<LedgerEvent, "level" | "message" | "prev" | "sequence" | "timestamp">;
type Parts = { readonly before: string; readonly after: string; readonly event: Unhashed };

/** Members in canonical order, so that events look in memory as they do in the ledger. */
function sealed({ event }: Parts, hash: Digest): LedgerEvent {
  const { attempt, eventType, level, message, metadata, prev, sequence, stepId, timestamp } = event;
  return {
    ...(attempt === undefined ? {} : { attempt }),
    eventType,
    hash,
    level,
    message,
    metadata,
    prev,
    sequence,
    ...(stepId === undefined ? {} : { stepId }),
    timestamp,
  } as LedgerEvent;
}

/**
 * The canonical text of an event without its hash, cut where the hash belongs; undefined when it has none. RFC 8785
 * sorts members by their names; those of an event are fixed, so only the metadata is left to the canonicalizer.
 */
function partsOf(event: Unhashed): Parts | undefined {
  const { attempt, eventType, level, message, metadata, prev, sequence, stepId, timestamp } = event;
  const before = `${attempt === undefined ? "" : `"attempt":${attempt},`}"eventType":"${eventType}",`;
  const step = stepId === undefined ? "" : `"stepId":${JSON.stringify(stepId)},`;
  try {
    const after =
      `"level":"${level}","message":${canonicalJson(message)},"metadata":${canonicalJson(metadata)},` +
      `"prev":"${prev}","sequence":${sequence},${step}"timestamp":"${timestamp}"`;
    return { before, after, event };
  } catch {
    return undefined;
  }
}

/** One line of a ledger: the JCS bytes of the event and a newline. */
export function eventBytes(event: LedgerEvent): Uint8Array {
  const text = texts.get(event) ?? textIn(event);
  texts.delete(event);
  return encodeUtf8(`${text}\n`);
}

function textIn(event: LedgerEvent): string {
  const parts = partsOf(event);
  if (parts === undefined) {
    throw new Error(`event ${event.sequence} has no canonical text`);
  }
  return textOf(parts, event.hash);
}

function textOf({ before, after }: Parts, hash: Digest): string {
  return `{${before}"hash":"${hash}",${after}}`;
}

function hashOf({ before, after }: Parts, sha256: Sha256): Digest {
  return digestOf(encodeUtf8(`{${before}${after}}`), sha256);
}

/** Whether an event is whole in itself and continues `head`. @public */
export function checkEvent(event: unknown, head: ChainHead, sha256: Sha256): Result<LedgerEvent> {
  const checked = checkParts(event, head, sha256);
  return checked.ok ? ok(checked.value.event as LedgerEvent) : checked;
}

function checkParts(event: unknown, head: ChainHead, sha256: Sha256): Result<Parts> {
  const misfit = eventMisfit(event);
  if (misfit !== undefined) {
    return broken(head, misfit);
  }
  const found = event as LedgerEvent;
  if (found.sequence !== head.sequence + 1) {
    return broken(head, `sequence ${found.sequence} stands where ${head.sequence + 1} belongs`);
  }
  if (found.prev !== head.hash) {
    return broken(head, "prev is not the hash of the event before");
  }
  if ((millisecondsOf(found.timestamp) ?? 0) < head.timestamp) {
    return broken(head, "its timestamp lies before that of the event before");
  }
  const parts = partsOf(found);
  if (parts === undefined || hashOf(parts, sha256) !== found.hash) {
    return broken(head, "hash is not that of its content");
  }
  return ok(parts);
}

/** Reads one line, with or without its newline, and holds it to the chain. */
export function readLedgerLine(line: Uint8Array, head: ChainHead, sha256: Sha256): Result<LedgerEvent> {
  const text = decodeUtf8(line.at(-1) === NEWLINE ? line.subarray(0, -1) : line);
  const read = text === undefined ? undefined : parsed(text);
  if (read === undefined) {
    return broken(head, "the line is not JSON in UTF-8");
  }
  const checked = checkParts(read.value, head, sha256);
  if (!checked.ok) {
    return checked;
  }
  const event = checked.value.event as LedgerEvent;
  // Of valid UTF-8 equal texts are equal bytes.
  return textOf(checked.value, event.hash) === text ? ok(event) : broken(head, "its bytes are not canonical JSON");
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function broken(head: ChainHead, problem: string): Result<never> {
  return fail(faultOf(runCodes, "LEDGER_BROKEN", { problem: `event ${head.sequence + 1}: ${problem}` }));
}

const LONE = /\p{Surrogate}/gu;

function replaceLone(value: unknown): unknown {
  if (typeof value === "string") {
    return value.replaceAll(LONE, "\ufffd");
  }
  if (Array.isArray(value)) {
    return value.map(replaceLone);
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [replaceLone(name), replaceLone(member)]))
    : value;
}
