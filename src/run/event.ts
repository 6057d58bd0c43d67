import type { Digest } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import {
  anything,
  array,
  boolean,
  digest,
  integer,
  literal,
  number,
  object,
  record,
  string,
  timestamp,
  type Infer,
  type Shape,
} from "#canon/shape.ts";
import { NAME } from "#plan/plan.ts";
import { valueShape } from "./value.ts";

/**
 * Every type of event, with its metadata. The list is closed: an unknown type is an error when written and a finding
 * when verified. `on` says which of `stepId` and `attempt` stand on the event.
 */
const count = integer({ min: 0 });
const values = record(NAME, valueShape, "a name");
const code = { code: string(), hint: string() };
const usage = object({ hit: array(string()) }, { memoryPeakBytes: count, cpuMs: count, ioBytes: count });
const egress = object({ requests: count, bytesIn: count, bytesOut: count });
export type Usage = Infer<typeof usage>;
export type EgressUse = Infer<typeof egress>;

const enforcement = object({
  declared: number(),
  enforcedBy: string(),
  level: literal("kernel-tree", "kernel-process", "watchdog", "none"),
});
export type Enforcement = Infer<typeof enforcement>;
const enforcements = record(/^[a-z][A-Za-z]*$/, enforcement, "a limit's name");
export type Enforcements = Infer<typeof enforcements>;

const commandId = string({ min: 1 });
const empty = object({});

type On = "run" | "step" | "attempt" | "gate";
const entry = <M>(on: On, metadata: Shape<M>): { readonly on: On; readonly metadata: Shape<M> } => ({ on, metadata });

export const eventTypes = {
  "run.created": entry(
    "run",
    object(
      {
        requestedBy: string(),
        requestDigest: digest(),
        inputsLock: digest(),
        packDigest: digest(),
        packSource: literal("registry", "folder"),
      },
      { from: string() },
    ),
  ),
  "run.started": entry(
    "run",
    object({
      engine: object({ name: string(), version: string() }),
      sandbox: object({ mode: literal("sealed", "restricted") }),
    }),
  ),
  "run.resumed": entry("run", object({ owner: string(), fence: count })),
  "run.waiting": entry("run", object({ gates: array(string()) })),
  "run.cancelRequested": entry("run", object({ commandId, by: string() }, { reason: string() })),
  "run.finished": entry(
    "run",
    object({ status: literal("succeeded", "failed", "cancelled"), outputs: values }, { reason: string() }),
  ),
  "plan.verified": entry("run", empty),
  "plan.drift": entry("run", object({ node: string(), pointer: string(), ...code })),
  "map.expanded": entry("step", object({ count, items: anything() })),
  "step.started": entry("attempt", object({}, { exe: object({ path: string(), digest: digest() }) })),
  "step.output": entry(
    "attempt",
    object(
      { stream: literal("stdout", "stderr"), lines: array(string()) },
      { partial: boolean(), invalidBytes: count },
    ),
  ),
  "step.artifact": entry(
    "attempt",
    object(
      { name: string(), status: literal("captured", "refused", "missing") },
      { digest: digest(), size: count, mediaType: string(), notes: string() },
    ),
  ),
  "step.retry": entry("attempt", object({ reason: string(), notBefore: timestamp() })),
  "step.succeeded": entry(
    "attempt",
    object({ durationMs: count, outputs: values }, { usage, egress, reusedFrom: string() }),
  ),
  "step.failed": entry(
    "attempt",
    object({ reason: string(), durationMs: count, ...code }, { exitCode: count, signal: string(), usage, egress }),
  ),
  "step.skipped": entry("step", object({ reason: string() })),
  "step.cancelled": entry("attempt", object({ reason: string() })),
  "step.lost": entry("attempt", empty),
  "sandbox.enforced": entry(
    "attempt",
    object(
      { mode: literal("sealed", "restricted"), limits: enforcements },
      { proc: literal("host"), userNamespaces: literal("filter") },
    ),
  ),
  "egress.denied": entry("attempt", object({ host: string(), port: count, reason: string(), ...code })),
  "gate.opened": entry("gate", object({ requestDigest: digest(), notAfter: timestamp() })),
  "gate.decision": entry(
    "gate",
    object({ commandId, decision: literal("approve", "reject"), principal: string(), payloadDigest: digest() }),
  ),
  "gate.refused": entry("gate", object({ commandId, ...code }, { principal: string() })),
  "gate.passed": entry("gate", empty),
  "gate.rejected": entry("gate", empty),
  "gate.expired": entry("gate", empty),
  "policy.evaluated": entry(
    "gate",
    object({ allowed: boolean(), policyDigest: digest(), contextDigest: digest() }, { code: string(), hint: string() }),
  ),
  "secret.resolved": entry("attempt", object({ name: string(), provider: string() })),
  "lease.acquired": entry("run", object({ owner: string(), fence: count })),
  "evidence.snapshot": entry("run", object({ manifestDigest: digest() }, { commandId })),
  "incident.opened": entry("run", object({ commandId, by: string(), reason: string(), until: timestamp() })),
  /** Without a command and a person when its time was over. */
  "incident.closed": entry("run", object({}, { commandId, by: string() })),
} as const;

export type EventType = keyof typeof eventTypes;
export type Metadata<T extends EventType> = Infer<(typeof eventTypes)[T]["metadata"]>;

/** An event as it is decided: what happened, to which step, in which attempt. */
export type EventDraft = {
  [T in EventType]: {
    readonly eventType: T;
    readonly stepId?: string;
    readonly attempt?: number;
    readonly metadata: Metadata<T>;
  };
}[EventType];

export type Level = "debug" | "info" | "warn" | "error";

/** An event as it stands in the ledger: one line of its JCS bytes. `prev` and `hash` make the chain. */
export type LedgerEvent = EventDraft & {
  readonly sequence: number;
  readonly timestamp: Timestamp;
  readonly level: Level;
  readonly message: string;
  readonly prev: Digest;
  readonly hash: Digest;
};
