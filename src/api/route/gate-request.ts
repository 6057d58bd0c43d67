import { requestPath } from "#app/approval-paths.ts";
import { readJson } from "#canon/strict-json.ts";
import { anything, described, object, string } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { INSTANCE_ID } from "#run/event-shape.ts";
import { apiCodes } from "../codes.ts";
import { guarded } from "../route.ts";
import { runOf } from "./run-path.ts";
import { schemaVersion } from "./run-shapes.ts";

export const gateRequestRoute = guarded({
  id: "readGateRequest",
  method: "get",
  path: "/api/runs/{runId}/gates/{gateId}/request",
  scope: "packs.read",
  summary: "What the approvers of a gate are asked to sign",
  params: object({ runId: string({ max: 64 }), gateId: string({ max: 1024 }) }),
  answers: {
    200: {
      description: "The request, and the run attestor's signature over it.",
      shape: object({
        schemaVersion,
        request: described("As approval-request.schema.json has it; its file is the JCS bytes of this.", anything()),
        bundle: described("A Sigstore bundle over the request's file.", anything()),
      }),
    },
  },
  problems: ["RUN_UNKNOWN", "GATE_REQUEST_UNKNOWN"],
  handle: async (call) => {
    const { params, workplace } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const { gateId: gate } = params;
    const { ledger } = workplace.store;
    const path = requestPath(gate);
    const bytes = INSTANCE_ID.test(gate) ? await ledger.getFile(key.value, path) : undefined;
    if (bytes === undefined || (!bytes.ok && bytes.fault.code === "FILE_MISSING")) {
      return fail({ fault: faultOf(apiCodes, "GATE_REQUEST_UNKNOWN", { gate: gate.slice(0, 60) }) });
    }
    const request = bytes.ok ? readJson(bytes.value, path) : bytes;
    const sidecar = await ledger.getFile(key.value, `${path}.sigstore.json`);
    const bundle = sidecar.ok ? readJson(sidecar.value, path) : sidecar;
    if (!request.ok) {
      return fail({ fault: request.fault });
    }
    return bundle.ok
      ? ok({ kind: "json", status: 200, body: { schemaVersion: 1, request: request.value, bundle: bundle.value } })
      : fail({ fault: bundle.fault });
  },
});
