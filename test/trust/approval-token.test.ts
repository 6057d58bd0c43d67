import * as fc from "fast-check";
import t from "tap";
import { checkApprovalToken, type ApprovalTarget } from "#trust/approval-token.ts";
import { approvalTokenCodes } from "#trust/approval-token-codes.ts";
import { code } from "../attest/signing.ts";
import { PLAN_HASH, request } from "./world.ts";

const target = { runId: request.runId, gateId: request.gateId, planHash: PLAN_HASH } as ApprovalTarget;
const claims = {
  sub: "alice",
  scope: "packs.approve",
  pack_run_id: target.runId,
  pack_gate_id: target.gateId,
  pack_plan_hash: target.planHash,
};

t.test("a token that names run, gate and plan exactly lets its bearer send a decision", async (t) => {
  t.ok(checkApprovalToken(claims, target).ok);
});

t.test("a claim that is missing, inherited or no text is as good as none", async (t) => {
  for (const claim of ["pack_run_id", "pack_gate_id", "pack_plan_hash"] as const) {
    const { [claim]: value, ...others } = claims;
    t.match(checkApprovalToken(others, target), {
      ok: false,
      fault: { code: "APPROVAL_TOKEN_CLAIM", data: { claim } },
    });
    t.equal(code(checkApprovalToken({ ...claims, [claim]: [value] }, target)), "APPROVAL_TOKEN_CLAIM");
    t.equal(code(checkApprovalToken({ ...claims, [claim]: null }, target)), "APPROVAL_TOKEN_CLAIM");
    const inherited = Object.assign(Object.create({ [claim]: value }) as object, others);
    t.equal(code(checkApprovalToken(inherited as typeof claims, target)), "APPROVAL_TOKEN_CLAIM");
  }
});

t.test("each claim that names something else has its own code", async (t) => {
  const wrong = (change: Partial<typeof claims>): string => code(checkApprovalToken({ ...claims, ...change }, target));
  const found = [
    wrong({ pack_run_id: "0192f0c1-2b3c-7d4e-8f50-617283940a1c" as never }),
    wrong({ pack_gate_id: "rollout[1]::ok" }),
    wrong({ pack_plan_hash: target.planHash.toUpperCase() as never }),
  ];
  t.strictSame(found, ["APPROVAL_TOKEN_RUN", "APPROVAL_TOKEN_GATE", "APPROVAL_TOKEN_PLAN"]);
  t.strictSame([...found, "APPROVAL_TOKEN_CLAIM"].toSorted(), Object.keys(approvalTokenCodes).toSorted());
});

t.test("nothing but the exact values passes: no prefix, no pattern, no white space", async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("pack_run_id", "pack_gate_id", "pack_plan_hash"),
        fc.string(),
        async (at, text) => {
          const passes = checkApprovalToken({ ...claims, [at]: text }, target).ok;
          return passes === (text === claims[at as keyof typeof claims]);
        },
      ),
    ),
  );
  for (const text of ["*", `${target.gateId} `, target.gateId.slice(0, -1), ""]) {
    t.equal(code(checkApprovalToken({ ...claims, pack_gate_id: text }, target)), "APPROVAL_TOKEN_GATE");
  }
});
