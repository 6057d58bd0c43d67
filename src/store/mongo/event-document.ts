import { isJsonObject } from "#canon/json.ts";
import type { RunKey } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { Stored } from "./mongo-place.ts";

/** Members of a document that are none of its event. */
const OWN = new Set(["_id", "runId", "tenantId", "turn"]);
/** BSON may be a hundred levels deep, the document's own and those of a server's envelope among them. */
const DEEPEST = 60;

/**
 * An event as a document: its own fields beside `runId`, `tenantId` and the turn that counts it. Metadata that not every
 * server takes as a document (names with dots, lists of lists, great depth) is kept as its JSON text.
 */
export function eventDocument(key: RunKey, event: LedgerEvent, turn: number): Stored {
  const { metadata } = event;
  return {
    _id: `${key.runId}/${event.sequence}/${turn}`,
    runId: key.runId,
    tenantId: key.tenantId,
    turn,
    ...event,
    metadata: isPlain(metadata, false, 0) ? metadata : JSON.stringify(metadata),
  };
}

/** What the document says its event is, with members in canonical order; unchecked. */
export function storedEvent(document: Stored): unknown {
  const members = Object.entries(document)
    .filter(([name]) => !OWN.has(name))
    .map(([name, value]) => [name, name === "metadata" && typeof value === "string" ? parsed(value) : value] as const);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isPlain(value: unknown, inList: boolean, depth: number): boolean {
  if (depth > DEEPEST) {
    return false;
  }
  if (Array.isArray(value)) {
    return !inList && value.every((item) => isPlain(item, true, depth + 1));
  }
  return isJsonObject(value)
    ? Object.entries(value).every(([name, member]) => isPlainName(name) && isPlain(member, false, depth + 1))
    : !Object.is(value, -0);
}

function isPlainName(name: string): boolean {
  return name !== "" && name !== "__proto__" && !/[.$\0]/.test(name);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
