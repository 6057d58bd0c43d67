import { approvalPredicate, type Approval } from "#attest/approval.ts";
import type { ApprovalRequest } from "#attest/approval-request.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { isTimestamp } from "#canon/timestamp.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { gateResponsePath } from "#evidence/gate-path.ts";
import type { ApprovalGateNode, ApprovalRule, Plan } from "#plan/plan.ts";
import { approvalCodes } from "#trust/approval-codes.ts";
import { approvalMismatch } from "#trust/approval-mismatch.ts";
import { checkSigned, type Signed } from "#trust/check-signed.ts";
import { checkKeyWindow } from "#trust/freshness.ts";
import { isPrincipal, type TrustRoot } from "#trust/trust-root.ts";
import { counted } from "#fault/counted.ts";
import type { FoldedCase } from "./case.ts";
import { readGateRequest } from "./check-requests.ts";
import { verifyCodes } from "./codes.ts";
import type { LoggedDecision, LoggedGate } from "./gate-log.ts";
import { templateOf } from "./plan-tree.ts";

/** One gate with everything that its decisions are judged by. */
type GateCase = {
  readonly id: string;
  readonly node: ApprovalGateNode;
  readonly rule: ApprovalRule;
  readonly gate: LoggedGate;
  readonly request: ApprovalRequest;
};

/** Every approval gate of the ledger: its request, its decisions, and that it ended as they say. */
export async function checkGates(given: FoldedCase): Promise<void> {
  const { checks, ledger, tree, plan, trustRoot } = given;
  const judged: string[] = [];
  let requests = 0;
  for (const [id, gate] of [...ledger.gates.gates].toSorted(([a], [b]) => compareUtf8(a, b))) {
    const node = tree.nodes.get(templateOf(id));
    if (node?.kind !== "gate.approval" || gate.opened === undefined) {
      continue;
    }
    const rule = ruleOf(plan, node);
    const request = await readGateRequest(given, id, node, gate.opened);
    if (!request.ok) {
      checks.fail("approval-requests", request.fault);
      continue;
    }
    requests += 1;
    if (trustRoot === undefined) {
      checks.skip("approvals", "no trust root to check them with");
      continue;
    }
    judged.push(await checkGate(given, { id, node, rule, gate, request: request.value }));
  }
  checks.pass("approval-requests", `${counted(requests, "request")}, each true to run and plan`);
  checks.pass("approvals", judged.length === 0 ? "no gate asked for approvals" : judged.join("; "));
}

/** A plan in which a gate has no rule of its own was refused before. */
function ruleOf({ approvals }: Plan, { id, approval }: ApprovalGateNode): ApprovalRule {
  const rule = Object.hasOwn(approvals, approval) ? approvals[approval] : undefined;
  if (rule === undefined) {
    throw new Error(`gate ${id} has no rule`);
  }
  return rule;
}

async function checkGate(given: FoldedCase, gateCase: GateCase): Promise<string> {
  const { checks } = given;
  const { id, gate, rule } = gateCase;
  const decided = new Set<string>();
  const principals = new Set<string>();
  const keys = new Set<string>();
  let rejected = false;
  let until: string = gateCase.request.notAfter;
  for (const decision of gate.decisions) {
    const judged = await judge(given, gateCase, decision, decided);
    if (!judged.ok) {
      const { code, message } = judged.fault;
      checks.fail("approvals", { code, message: `gate ${id}, decision ${decision.number}: ${message}` });
      continue;
    }
    if (decision.void !== undefined) {
      continue;
    }
    decided.add(judged.value.principal);
    rejected ||= decision.decision === "reject";
    if (decision.decision === "approve") {
      principals.add(judged.value.principal);
      keys.add(judged.value.keyid);
      until = earlier(until, judged.value.statement.predicate.notAfter);
    }
  }
  const have = Math.min(principals.size, keys.size);
  const problem = endProblem(gateCase, { have, rejected, until });
  if (problem !== undefined) {
    checks.fail("approvals", problem);
  }
  const names = [...principals].toSorted(compareUtf8).join(", ");
  const end = gate.end === undefined ? "not ended" : gate.end.type.slice("gate.".length);
  return `${id} ${end}: ${have} of ${rule.required}${names === "" ? "" : ` (${names})`}`;
}

/** What the decisions of a gate that count come to. `until`: from then on not all of its approvals hold. */
type Tally = { readonly have: number; readonly rejected: boolean; readonly until: string };

/** The end of a gate has its grounds: a quorum that still holds, a rejection, or the time that its request named. */
function endProblem({ id, gate, rule }: GateCase, { have, rejected, until }: Tally): Fault | undefined {
  const unfounded = (problem: string): Fault => faultOf(verifyCodes, "GATE_END_UNFOUNDED", { gate: id, problem });
  switch (gate.end?.type) {
    case undefined:
      return undefined;
    case "gate.passed":
      if (rejected) {
        return unfounded("it passed although it was rejected");
      }
      if (have < rule.required) {
        return faultOf(verifyCodes, "QUORUM_MISSING", { gate: id, have, need: rule.required });
      }
      return gate.end.at < until
        ? undefined
        : unfounded(`it passed at ${gate.end.at}, its approvals held until ${until}`);
    case "gate.rejected":
      return rejected ? undefined : unfounded("it was rejected, but nobody rejected it");
    case "gate.expired":
      return gate.opened !== undefined && gate.end.at >= gate.opened.notAfter
        ? undefined
        : unfounded("it expired before its time");
  }
}

function earlier(one: string, other: string): string {
  return one < other ? one : other;
}

/**
 * Whether a decision is a valid signature of someone who may decide, on this gate of this run and plan. One that was taken
 * back is no less: it is only forgiven that its time was over, or that something was revoked.
 */
async function judge(
  given: FoldedCase,
  gateCase: GateCase,
  decision: LoggedDecision,
  decided: ReadonlySet<string>,
): Promise<Result<Signed<Approval>>> {
  const { trustRoot, manifest, reader, checks } = given;
  const { id, rule, request } = gateCase;
  const path = gateResponsePath(id, decision.number, given.sha256);
  const response = await reader.document(path);
  if (!response.ok) {
    return response;
  }
  if (trustRoot === undefined) {
    return fail(faultOf(verifyCodes, "VERIFY_TRUST_MISSING"));
  }
  const signed = await checkSigned({
    sidecar: response.value,
    profile: "interop",
    file: manifest.planHash,
    predicate: approvalPredicate,
    roles: rule.from,
    scope: { tenant: manifest.tenantId, gate: id, pack: given.plan.pack.name },
    trustRoot,
    revocations: decision.void === undefined ? given.revocations : undefined,
    at: given.at,
    timestamps: given.timestamps,
    verifySignature: given.verifySignature,
    sha256: given.sha256,
  });
  if (signed.status === "fail") {
    return fail({ code: signed.code, message: signed.why });
  }
  const { predicate } = signed.statement;
  const differing = approvalMismatch(predicate, request);
  if (differing !== undefined) {
    return fail(faultOf(approvalCodes, differing, { ...request, pack: "", inputs: "" }));
  }
  const wrong = recordProblem(decision, signed) ?? ruleProblem(given, gateCase, decision, signed, decided);
  const window =
    signed.status === "stale" ? { code: signed.code, message: signed.why } : lapsed(trustRoot, decision, signed);
  if (wrong === undefined && window !== undefined && decision.void === undefined) {
    checks.stale("approvals", { ...window, message: `gate ${id}: ${window.message}` });
  }
  return wrong === undefined ? ok(signed) : fail(wrong);
}

/** A key that was out of its window when the decision was recorded is no better at an earlier time of verification. */
function lapsed(root: TrustRoot, { at }: LoggedDecision, { keyid }: Signed<Approval>): Fault | undefined {
  const key = root.keys.get(keyid);
  const held = key === undefined || !isTimestamp(at) ? undefined : checkKeyWindow(key, at);
  return held === undefined || held.ok ? undefined : held.fault;
}

function recordProblem(decision: LoggedDecision, signed: Signed<Approval>): Fault | undefined {
  const { predicate } = signed.statement;
  const fitting: readonly (readonly [boolean, string])[] = [
    [decision.payloadDigest === signed.payloadDigest, "the ledger names another response"],
    [decision.decision === predicate.decision, "the ledger tells the decision in another way"],
    [decision.principal === signed.principal, "the ledger names another person"],
  ];
  const wrong = fitting.find(([fits]) => !fits);
  return wrong === undefined ? undefined : faultOf(verifyCodes, "DECISION_MISMATCH", { problem: wrong[1] });
}

function ruleProblem(
  { trustRoot, ledger }: FoldedCase,
  { rule, request }: GateCase,
  decision: LoggedDecision,
  { statement, principal, keyid }: Signed<Approval>,
  decided: ReadonlySet<string>,
): Fault | undefined {
  const { approver, reason, notAfter } = statement.predicate;
  const requester = ledger.facts.created?.requestedBy ?? "";
  const until = earlier(notAfter, request.notAfter);
  const counts = decision.void === undefined;
  if (trustRoot !== undefined && !isPrincipal(trustRoot, requester)) {
    const { trustDomain } = trustRoot.document;
    return faultOf(approvalCodes, "REQUESTER_UNKNOWN", { requester, trustDomain });
  }
  const key = trustRoot?.keys.get(keyid);
  if (counts && key !== undefined && decision.at < key.validFrom) {
    const { validFrom, validUntil } = key;
    return faultOf(approvalCodes, "APPROVAL_KEY_WINDOW", { principal, validFrom, validUntil });
  }
  if (approver !== principal) {
    return faultOf(approvalCodes, "APPROVAL_APPROVER", { approver, principal });
  }
  if (counts && decision.at >= until) {
    return faultOf(approvalCodes, "APPROVAL_LATE", { now: decision.at, notAfter: until });
  }
  if (decided.has(principal)) {
    return faultOf(approvalCodes, "APPROVAL_ALREADY_DECIDED", { principal });
  }
  if (rule.separationOfDuties && principal === requester) {
    return faultOf(approvalCodes, "APPROVAL_SELF", { principal });
  }
  return rule.reasonRequired && reason.trim() === "" ? faultOf(approvalCodes, "APPROVAL_REASON_MISSING") : undefined;
}
