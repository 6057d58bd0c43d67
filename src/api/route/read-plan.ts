import { storedPlan } from "#app/stored-plan.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { fail, ok } from "#fault/result.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";
import { chunksOf, sentFile } from "./sent-file.ts";

const JSON_TYPE = "application/json";

export const readPlanRoute = guarded({
  id: "readRunPlan",
  method: "get",
  path: "/api/runs/{runId}/plan",
  scope: "packs.read",
  summary: "The canonical plan of a run, whose SHA-256 is its planHash",
  params: runParams,
  answers: { 200: { description: "As plan.schema.json has it, in RFC 8785 bytes.", mediaTypes: [JSON_TYPE] } },
  problems: ["RUN_UNKNOWN"],
  handle: async (call) => {
    const { params, workplace } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const identity = await workplace.store.ledger.identity(key.value);
    const plan = identity.ok ? await storedPlan(identity.value, workplace) : identity;
    if (!plan.ok) {
      return fail({ fault: plan.fault });
    }
    const bytes = canonicalBytes(plan.value);
    return ok(sentFile({ mediaType: JSON_TYPE, length: bytes.length, chunks: chunksOf(bytes) }, call));
  },
});
