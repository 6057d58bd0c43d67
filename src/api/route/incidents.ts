import { parseIncidentTime } from "#app/incident-time.ts";
import type { IncidentOrder } from "#app/incident.ts";
import { described, literal, object, string, type Infer } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { apiCodes } from "../codes.ts";
import type { Refusal } from "../problem.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";
import { incidentShape, snapshotShape } from "./run-shapes.ts";

export const incidentOrderShape = object(
  { state: literal("open", "closed") },
  {
    reason: described("Why, for the ledger; one that is opened has one.", string({ min: 1, max: 1000 })),
    ttl: described("How long it lasts, such as 30m, at most 365d; 1h unless given.", string({ min: 1, max: 20 })),
  },
);

export const incidentRoute = guarded({
  id: "changeIncident",
  method: "post",
  path: "/api/runs/{runId}/incident",
  scope: "packs.admin",
  summary: "Open an incident of a run, in which its evidence is signed every minute, or close it",
  params: runParams,
  body: { kind: "json", shape: incidentOrderShape },
  answers: {
    202: {
      description: "It is recorded.",
      shape: incidentShape,
    },
  },
  problems: ["RUN_UNKNOWN", "RUN_FINISHED", "INCIDENT_NONE", "COMMAND_UNANSWERED"],
  handle: async (call) => {
    const order = incidentOf(call.body);
    const key = order.ok ? await runOf(call, call.params.runId) : order;
    if (!order.ok || !key.ok) {
      return key as Extract<typeof key, { ok: false }>;
    }
    const { runId } = key.value;
    const changed = await call.desk.service.incident(key.value, order.value, call.bearer);
    const body = { schemaVersion: 1, runId, incident: order.value.state };
    return changed.ok ? ok({ kind: "json", status: 202, body }) : fail({ fault: changed.fault });
  },
});

function incidentOf({ state, reason, ttl = "1h" }: Infer<typeof incidentOrderShape>): Result<IncidentOrder, Refusal> {
  const ttlMs = parseIncidentTime(ttl);
  const refuse = (pointer: string, message: string): Result<never, Refusal> =>
    fail({
      fault: faultOf(apiCodes, "BODY_INVALID", { problem: `${pointer}: ${message}` }),
      errors: [{ pointer, message }],
    });
  if (ttlMs === undefined) {
    return refuse("/ttl", "expected a duration such as 30m or 2h, at most 365d");
  }
  if (state === "closed") {
    return ok({ state });
  }
  return reason === undefined ? refuse("/reason", "an incident is opened for a reason") : ok({ state, reason, ttlMs });
}

export const snapshotRoute = guarded({
  id: "takeSnapshot",
  method: "post",
  path: "/api/runs/{runId}/snapshot",
  scope: "packs.admin",
  summary: "Have the evidence of a run so far signed and kept",
  params: runParams,
  body: { kind: "json", shape: object({}) },
  answers: {
    201: {
      description: "It is kept, and named in the ledger.",
      shape: snapshotShape,
    },
  },
  problems: ["RUN_UNKNOWN", "RUN_FINISHED", "COMMAND_UNANSWERED"],
  handle: async (call) => {
    const key = await runOf(call, call.params.runId);
    if (!key.ok) {
      return key;
    }
    const { runId } = key.value;
    const taken = await call.desk.service.snapshot(key.value, call.bearer);
    if (!taken.ok) {
      return fail({ fault: taken.fault });
    }
    const { manifestDigest } = taken.value;
    return ok({ kind: "json", status: 201, body: { schemaVersion: 1, runId, manifestDigest } });
  },
});
