import { createHash } from "node:crypto";
import { digestOf, digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import {
  parseRunId,
  parseTenantId,
  parseTrustDomain,
  type RunId,
  type TenantId,
  type TrustDomain,
} from "#canon/ids.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { Head, Lease, RunIdentity, RunRow, RunStore } from "#port/run-store.ts";
import type { EventDraft, LedgerEvent } from "#run/event.ts";
import type { InboxCommand } from "#run/inbox-command.ts";

const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();
export const tenant = parseTenantId("default") as TenantId;
export const otherTenant = parseTenantId("acme") as TenantId;

export function sampleDigest(text: string): Digest {
  return digestOf(Buffer.from(text), sha256);
}

/** A run of its own for every number. */
export function sampleRun(number = 1, tenantId: TenantId = tenant): RunIdentity {
  const runId = parseRunId(`0198c5a0-0000-7000-8000-${String(number).padStart(12, "0")}`) as RunId;
  const trustDomain = parseTrustDomain("acme-prod") as TrustDomain;
  return { runId, tenantId, trustDomain, planHash: sampleDigest("plan") };
}

export function genesisOf(run: RunIdentity): Head {
  const { runId, tenantId, trustDomain, planHash } = run;
  return { sequence: 0, hash: digestOfJson({ runId, tenantId, trustDomain, planHash }, sha256) };
}

export function headOf(events: readonly LedgerEvent[]): Head {
  const last = events.at(-1);
  if (last === undefined) {
    throw new Error("no events");
  }
  return { sequence: last.sequence, hash: last.hash };
}

/** One sealed event behind `head`. */
export function eventBehind(head: Head, draft: EventDraft, message = ""): LedgerEvent {
  const sequence = head.sequence + 1;
  const timestamp = timestampOf(Date.UTC(2026, 0, 5, 8) + sequence);
  const body = { ...draft, sequence, timestamp, level: "info" as const, message, prev: head.hash };
  return { ...body, hash: digestOfJson(body, sha256) };
}

/** `count` sealed events behind `head`: output lines of `width` characters. */
export function eventsBehind(head: Head, count: number, width = 10, text = "x"): readonly LedgerEvent[] {
  const events: LedgerEvent[] = [];
  let at = head;
  for (let number = 0; number < count; number += 1) {
    const metadata = { stream: "stdout" as const, lines: [text.repeat(width)] };
    const event = eventBehind(at, { eventType: "step.output", stepId: "build", attempt: 1, metadata });
    events.push(event);
    at = headOf([event]);
  }
  return events;
}

export function createdEvent(run: RunIdentity, requestedBy = "ann"): LedgerEvent {
  const metadata = {
    requestedBy,
    requestDigest: sampleDigest("request"),
    inputsLock: sampleDigest("lock"),
    packDigest: sampleDigest("pack"),
    packSource: "folder" as const,
  };
  return eventBehind(genesisOf(run), { eventType: "run.created", metadata });
}

/** Creates a run with its plan and its first event; the head behind it. */
export async function createSample(store: RunStore, run: RunIdentity): Promise<Head> {
  const event = createdEvent(run);
  const files = new Map([["plan.canonical.json", Buffer.from("{}")]]);
  const created = await store.ledger.create(run, files, [event]);
  if (!created.ok) {
    throw new Error(created.fault.message);
  }
  return headOf([event]);
}

export async function readAll(store: RunStore, run: RunIdentity, after = 0): Promise<readonly LedgerEvent[]> {
  const events: LedgerEvent[] = [];
  for await (const event of store.ledger.read(run, after)) {
    events.push(event);
  }
  return events;
}

export async function readBytes(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function sampleRow(run: RunIdentity, createdAt = "2026-01-05T08:00:00.000Z"): RunRow {
  const pack = { packName: "acme/demo", packVersion: "1.0.0" };
  return { ...run, ...pack, status: "running", requestedBy: "ann", createdAt, updatedAt: createdAt };
}

/** Takes the run's lease, which must be free. */
export async function held(store: RunStore, run = sampleRun()): Promise<Lease> {
  const lease = await store.leases.acquire(run, 15_000);
  if (lease === undefined) {
    throw new Error("the lease is not free");
  }
  return lease;
}

export function sampleCommand(commandId: string): InboxCommand {
  return { commandId, kind: "cancel", body: { by: "ann", of: commandId } };
}

/** The code of a refused result, or `ok`. */
export function codeOf(result: { ok: true } | { ok: false; fault: { code: string } }): string {
  return result.ok ? "ok" : result.fault.code;
}

/** The code of the fault that the promise rejects with. */
export async function thrownCode(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "nothing was thrown",
    (error: { fault?: { code: string } }) => error.fault?.code ?? "no fault",
  );
}
