import { anything, described, digest, object, string } from "#canon/shape.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { fail, ok } from "#fault/result.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";
import { decidedShape } from "./run-shapes.ts";

export const approveRoute = guarded({
  id: "approve",
  method: "post",
  path: "/api/runs/{runId}/approve",
  scope: "packs.approve",
  summary: "Send a signed decision, approval or rejection, on a gate",
  params: runParams,
  body: {
    kind: "json",
    shape: object(
      { gateId: string({ min: 1, max: 1024 }), planHash: digest() },
      {
        envelope: described(
          "The Sigstore bundle that `packrun approvals sign` or another signer wrote. Required: what counts is its signature.",
          anything(),
        ),
      },
    ),
  },
  answers: {
    200: {
      description: "The decision is recorded, or was before.",
      shape: decidedShape,
    },
  },
  problems: [
    "RUN_UNKNOWN",
    "RUN_FINISHED",
    "PLAN_HASH_MISMATCH",
    "PLAN_DRIFT",
    "APPROVAL_TOKEN_CLAIM",
    "APPROVAL_TOKEN_RUN",
    "APPROVAL_TOKEN_GATE",
    "APPROVAL_TOKEN_PLAN",
    "APPROVAL_ENVELOPE_MISSING",
    "APPROVAL_UNREADABLE",
    "APPROVAL_SIGNATURE",
    "APPROVAL_LATE",
    "GATE_UNKNOWN",
    "GATE_CLOSED",
    "COMMAND_UNANSWERED",
  ],
  handle: async (call) => {
    const { params, body, claims, bearer, desk } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const { envelope, ...order } = body;
    const response =
      envelope === undefined || envelope === null ? {} : { response: encodeUtf8(JSON.stringify(envelope)) };
    const decided = await desk.service.decide(key.value, { ...order, ...response, claims }, bearer);
    return decided.ok
      ? ok({ kind: "json", status: 200, body: { schemaVersion: 1, ...decided.value } })
      : fail({ fault: decided.fault });
  },
});
