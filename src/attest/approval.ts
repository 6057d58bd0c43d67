import { nonceShape, runIdShape, tenantIdShape, trustDomainShape } from "#canon/id-shape.ts";
import { digest, literal, object, string, timestamp, type Infer } from "#canon/shape.ts";
import { PREDICATE_BASE, type Predicate } from "./statement.ts";

/** What a decision, and a request for one, are bound to. */
export const bindings = {
  runId: runIdShape,
  gateId: string({ min: 1 }),
  tenantId: tenantIdShape,
  trustDomain: trustDomainShape,
  planHash: digest(),
  nonce: nonceShape,
};

/** `approval-request/v1`, over `request.json`: the run attestor vouches for the request that a gate opened with. */
const approvalRequestShape = object(bindings);
export type ApprovalRequestClaim = Infer<typeof approvalRequestShape>;
export const approvalRequestPredicate: Predicate<ApprovalRequestClaim> = {
  type: `${PREDICATE_BASE}approval-request/v1`,
  shape: approvalRequestShape,
  maxSubjects: 1,
};

/** `approval/v1`, over `plan.canonical.json`: one person's decision on one gate of one run. `reason` may be empty. */
const approvalShape = object({
  ...bindings,
  decision: literal("approve", "reject"),
  approver: string({ min: 1 }),
  reason: string({ max: 4096 }),
  issuedAt: timestamp(),
  notAfter: timestamp(),
});
export type Approval = Infer<typeof approvalShape>;
export const approvalPredicate: Predicate<Approval> = {
  type: `${PREDICATE_BASE}approval/v1`,
  shape: approvalShape,
  maxSubjects: 1,
};
