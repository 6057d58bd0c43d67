import type { Digest } from "#canon/digest.ts";
import type { RunId, TenantId, TrustDomain } from "#canon/ids.ts";
import type { Json } from "#canon/json.ts";
import type { EgressUse, Usage } from "./event.ts";
import type { RunStatus, StepStatus } from "./status.ts";
import type { Values } from "./value.ts";

/** What the first event's `prev` binds: nothing of a ledger can be carried to another run, tenant, realm or plan. */
export type Identity = {
  readonly runId: RunId;
  readonly tenantId: TenantId;
  readonly trustDomain: TrustDomain;
  readonly planHash: Digest;
};

/**
 * What a ledger says of its run, as plain JSON: the fold of the events. Times are milliseconds since 1970.
 * Members are absent where there is nothing to say yet; only `evolve` writes here.
 */
export type RunRecord = {
  readonly identity: Identity;
  /** The last event. Before the first one `sequence` is 0 and `hash` is the planHash: the chain begins at `genesisHash`. */
  head: { readonly sequence: number; readonly hash: Digest };
  lastTimestamp: number;
  status: RunStatus;
  reason?: string;
  requestedBy?: string;
  /** The run whose finished steps were taken over. */
  from?: string;
  createdAt?: number;
  startedAt?: number;
  finishedAt?: number;
  owner?: string;
  /** Of the last acquisition of the lease; 0 before the first. */
  fence: number;
  /** The plan recompiled to the pinned bytes under the current lease: the run may go on. */
  verified: boolean;
  readonly wall: WallClock;
  stop?: Stop;
  /** The run ends before `finally` has: drift, or a second cancel while `finally` ran. */
  finallyStop?: Stop;
  cancelledBy?: string;
  /** The first failure in canonical order that no `continueOnError` shields. */
  failure?: { readonly stepId: string; readonly reason: string };
  /** By instance id; steps that no event has touched are absent (they are pending). Containers have theirs derived. */
  readonly steps: Record<string, StepRecord>;
  readonly gates: Record<string, GateRecord>;
  /** By instance id of the map. */
  readonly maps: Record<string, MapRecord>;
  /** An incident is open: until then, or until it is closed. */
  incident?: { readonly until: number };
  /** When the last snapshot was recorded, and the event that asks for one that is not there yet. */
  snapshotAt?: number;
  snapshotDue?: number;
  /** Ids of inbox commands that events record: each decides once. */
  readonly commandIds: string[];
  outputs?: Values;
};

/** Time that counts for `wallClock`: while the run is driven and not waiting. `since` is absent while it stands still. */
type WallClock = { usedMs: number; since?: number };

/**
 * Nothing new starts. `drain`: what is in flight ends by itself; `cancel`: it is ended. `reason` is what ended steps and
 * an ended run say.
 */
export type Stop = { readonly mode: "drain" | "cancel"; readonly reason: string };

export type StepRecord = {
  status: StepStatus;
  /** Number of the last attempt that started; 0 before the first and where there are none. */
  attempts: number;
  startedAt?: number;
  endedAt?: number;
  durationMs?: number;
  /** The next attempt starts no earlier than this. */
  notBefore?: number;
  reason?: string;
  outputs?: Values;
  /** As the last attempt's end tells it. */
  usage?: Usage;
  egress?: EgressUse;
  reusedFrom?: string;
  /** A policy that denied where the plan says `continue`. */
  warned?: boolean;
};

export type GateRecord = {
  opened?: { readonly at: number; readonly notAfter: number; readonly requestDigest: Digest };
  /** Accepted decisions in ledger order. */
  readonly decisions: DecisionRecord[];
  refused: number;
  /** The code of the last refusal. */
  lastRefusal?: string;
};

export type DecisionRecord = {
  readonly commandId: string;
  readonly decision: "approve" | "reject";
  readonly principal: string;
  readonly payloadDigest: Digest;
  readonly at: number;
  /** Why it no longer counts, when the check before passing found so. */
  void?: string;
};

/** `items` is absent where the plan itself holds them. */
export type MapRecord = { readonly count: number; readonly items?: readonly Json[] };

export function emptyRecord(identity: Identity): RunRecord {
  return {
    identity,
    head: { sequence: 0, hash: identity.planHash },
    lastTimestamp: 0,
    status: "pending",
    fence: 0,
    verified: false,
    wall: { usedMs: 0 },
    steps: {},
    gates: {},
    maps: {},
    commandIds: [],
  };
}

/** A member that was set, never one that every object inherits: a step may be called `constructor`. */
export function entryOf<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}
