import type { ApprovalRequest } from "#attest/approval-request.ts";
import { canonicalJson } from "#canon/canonical-json.ts";
import type { Digest, Sha256 } from "#canon/digest.ts";
import { millisecondsOf } from "#canon/timestamp.ts";
import { inputDigests } from "#plan/input-digests.ts";
import { lockedInputs, type InputsLock } from "#plan/inputs-lock.ts";
import type { ApprovalGateNode, ApprovalRule, Plan } from "#plan/plan.ts";
import { templateIdOf } from "#run/graph.ts";

/** The rule of the gate that a request is for; undefined when the plan has no such gate. */
export function ruleOf(plan: Plan, request: Pick<ApprovalRequest, "gateId" | "approval">): ApprovalRule | undefined {
  const node = gateOf(plan, request.gateId);
  const known = node?.approval === request.approval && Object.hasOwn(plan.approvals, request.approval);
  return known ? plan.approvals[request.approval] : undefined;
}

function gateOf(plan: Plan, gateId: string): ApprovalGateNode | undefined {
  const template = templateIdOf(gateId);
  const node = plan.steps.find(({ id }) => id === template);
  return node?.kind === "gate.approval" ? node : undefined;
}

/** In what a request differs from the plan that it names by its hash; undefined when in nothing. */
export function requestProblem(
  request: ApprovalRequest,
  plan: Plan,
  rule: ApprovalRule,
  sha256: Sha256,
): string | undefined {
  const message = gateOf(plan, request.gateId)?.message;
  const until = (millisecondsOf(request.requestedAt) ?? 0) + rule.ttlMs;
  const fitting: readonly (readonly [boolean, string])[] = [
    [canonicalJson(request.pack) === canonicalJson(plan.pack), "the request names another pack"],
    [
      canonicalJson(request.inputs) === canonicalJson(inputDigests(plan, sha256)),
      "the request names other inputs than it has",
    ],
    [millisecondsOf(request.notAfter) === until, "the request is open for another time than its rule says"],
    [typeof message !== "string" || request.message === message, "the request shows another message"],
    [message !== undefined || request.message === undefined, "the request shows a message that it does not have"],
  ];
  return fitting.find(([fits]) => !fits)?.[1];
}

/** In what an inputs lock differs from request and plan; undefined when in nothing. */
export function lockProblem(
  lock: InputsLock,
  asked: { readonly request: ApprovalRequest; readonly plan: Plan; readonly planHash: Digest },
  sha256: Sha256,
): string | undefined {
  const { request, plan, planHash } = asked;
  if (lock.planHash !== planHash) {
    return "it is the lock of another plan";
  }
  if (lock.tenantId !== request.tenantId) {
    return "it is the lock of another tenant";
  }
  const inputs = lockedInputs(lock, plan, sha256);
  if (!inputs.ok) {
    return inputs.fault.message;
  }
  return canonicalJson(inputs.value) === canonicalJson(plan.inputs)
    ? undefined
    : "its inputs are not those of the plan";
}
