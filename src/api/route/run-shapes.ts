import {
  anything,
  array,
  boolean,
  described,
  digest,
  integer,
  literal,
  nullable,
  object,
  record,
  string,
  timestamp,
} from "#canon/shape.ts";
import { NAME } from "#plan/plan.ts";
import { valueShape } from "#run/value.ts";

export const RUN_STATUSES = ["pending", "running", "waiting", "succeeded", "failed", "cancelled"] as const;
const STEP_STATUSES = [...RUN_STATUSES, "skipped"] as const;
const KINDS = ["run", "parallel", "map", "gate.approval", "gate.policy"] as const;
const SLA_STATES = ["scheduled", "on_track", "at_risk", "breached", "in_progress", "completed", "ended"] as const;

export const schemaVersion = literal(1);
const runStatus = literal(...RUN_STATUSES);
const count = integer({ min: 0 });

const queueRule = object(
  { priority: integer({ min: -100, max: 100 }) },
  { scheduledAt: timestamp(), deadlineAt: timestamp() },
);

const rowShape = object(
  {
    runId: string(),
    tenantId: string(),
    trustDomain: string(),
    planHash: digest(),
    packName: string(),
    packVersion: string(),
    status: runStatus,
    requestedBy: string(),
    createdAt: timestamp(),
    updatedAt: timestamp(),
  },
  {
    startedAt: described("When it began.", timestamp()),
    reason: string(),
    incident: described("Until when an incident of it is open.", timestamp()),
    driven: described("Whether a process is at work on it.", boolean()),
    queue: described("Of a run that was left to the service: when and how urgently it was asked for.", queueRule),
  },
);

export const runListShape = object(
  { schemaVersion, items: array(rowShape) },
  { next: described("Cursor of the next page; absent on the last one.", string()) },
);

const stepShape = object(
  {
    id: string(),
    kind: literal(...KINDS),
    status: literal(...STEP_STATUSES),
    attempts: count,
    parent: nullable(string()),
    needs: described("Siblings that it waits for.", array(string())),
    section: literal("steps", "finally"),
  },
  {
    reason: string(),
    durationMs: count,
    usage: object({ hit: array(string()) }, { memoryPeakBytes: count, cpuMs: count, ioBytes: count }),
    egress: object({ requests: count, bytesIn: count, bytesOut: count }),
    reusedFrom: string(),
  },
);

const pendingGateShape = object({
  id: string(),
  approval: string(),
  required: count,
  have: count,
  missing: described("Approvals that are still to come.", count),
  from: described("Roles of the trust root whose holders may decide.", array(string())),
  separationOfDuties: boolean(),
  decided: described(
    "Who has decided so far and still counts, in ledger order.",
    array(object({ principal: string(), decision: literal("approve", "reject") })),
  ),
  notAfter: timestamp(),
  expired: described("Its time is over: whoever drives the run next records that.", boolean()),
});

export const runShape = object(
  {
    schemaVersion,
    runId: string(),
    tenantId: string(),
    trustDomain: string(),
    planHash: digest(),
    pack: object({ name: string(), version: string(), digest: digest() }),
    status: runStatus,
    requestedBy: string(),
    createdAt: timestamp(),
    updatedAt: timestamp(),
    sequence: described("Of the last event; `/logs?after=` goes on from there.", count),
    steps: described("Canonical order, `finally` last: containers, gates and map instances too.", array(stepShape)),
    outputs: record(NAME, valueShape, "a name"),
    pendingGates: array(pendingGateShape),
  },
  {
    reason: string(),
    queue: described(
      "Of a run that has not begun.",
      object({ eligible: boolean(), slaState: literal(...SLA_STATES), position: integer({ min: 1 }) }),
    ),
  },
);

export const artifactListShape = object({
  schemaVersion,
  items: array(
    object(
      {
        id: string(),
        stepId: string(),
        attempt: integer({ min: 1 }),
        name: string(),
        type: literal("file", "directory"),
        status: literal("captured", "refused", "missing"),
        path: string(),
      },
      { size: count, sha256: string({ pattern: /^[0-9a-f]{64}$/ }), mediaType: string(), notes: string() },
    ),
  ),
});

/** What a run is after an order to it. */
export const runStatusShape = object({ schemaVersion, runId: string(), status: runStatus });

export const decidedShape = object({
  schemaVersion,
  runId: string(),
  gateId: string(),
  decision: literal("approve", "reject"),
  principal: string(),
  again: described("The same response was recorded before.", boolean()),
});

export const gateRequestShape = object({
  schemaVersion,
  request: described("As approval-request.schema.json has it; its file is the JCS bytes of this.", anything()),
  bundle: described("A Sigstore bundle over the request's file.", anything()),
});

export const incidentShape = object({ schemaVersion, runId: string(), incident: literal("open", "closed") });

export const snapshotShape = object({ schemaVersion, runId: string(), manifestDigest: digest() });

/** The header of evidence that says of which snapshot it is. */
export const SNAPSHOT_HEADER = "Snapshot-Sequence";
