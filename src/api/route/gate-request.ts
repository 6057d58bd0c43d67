import { approvalArchive } from "#app/approval-export.ts";
import { requestPath } from "#app/approval-paths.ts";
import { readJson } from "#canon/strict-json.ts";
import { object, string } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { INSTANCE_ID } from "#run/event-shape.ts";
import { apiCodes } from "../codes.ts";
import { guarded } from "../route.ts";
import { runOf } from "./run-path.ts";
import { gateRequestShape } from "./run-shapes.ts";
import { sentFile } from "./sent-file.ts";

const gateParams = object({ runId: string({ max: 64 }), gateId: string({ max: 1024 }) });
const TAR = "application/x-tar";

export const gateRequestRoute = guarded({
  id: "readGateRequest",
  method: "get",
  path: "/api/runs/{runId}/gates/{gateId}/request",
  scope: "packs.read",
  summary: "What the approvers of a gate are asked to sign",
  params: gateParams,
  answers: {
    200: {
      description: "The request, and the run attestor's signature over it.",
      shape: gateRequestShape,
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

export const gateArchiveRoute = guarded({
  id: "readGateArchive",
  method: "get",
  path: "/api/runs/{runId}/gates/{gateId}/request.tar",
  scope: "packs.read",
  summary: "All that the approvers of an open gate need: request, plan, inputs lock, files of the pack",
  params: gateParams,
  answers: {
    200: { description: "A deterministic ustar, as `packrun approvals request` writes it.", mediaTypes: [TAR] },
  },
  problems: ["RUN_UNKNOWN", "RUN_FINISHED", "GATE_UNKNOWN", "GATE_CLOSED"],
  handle: async (call) => {
    const { params, workplace } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const archive = await approvalArchive(key.value, params.gateId, workplace);
    if (!archive.ok) {
      return fail({ fault: archive.fault });
    }
    const { size: length, chunks } = archive.value;
    return ok(sentFile({ mediaType: TAR, name: `${key.value.runId}.request.tar`, length, chunks }, call));
  },
});
