import { nonceShape, runIdShape, tenantIdShape, trustDomainShape } from "#canon/id-shape.ts";
import { digest, literal, object, string, tagged, timestamp, type Infer } from "#canon/shape.ts";
import { PREDICATE_BASE, type Predicate } from "./statement.ts";

/** How the requester proved who it is: by the key that signed, or by a token (issuer and subject) that a server took. */
const authnShape = tagged("kind", {
  key: object({ kind: literal("key") }),
  token: object({ kind: literal("token"), issuer: string({ min: 1 }), subject: string({ min: 1 }) }),
});

/** `run-request/v1`, over `plan.canonical.json`: who asked for this run. */
const runRequestShape = object({
  runId: runIdShape,
  tenantId: tenantIdShape,
  trustDomain: trustDomainShape,
  planHash: digest(),
  requestedBy: string({ min: 1 }),
  authn: authnShape,
  requestedAt: timestamp(),
  nonce: nonceShape,
});
export type RunRequest = Infer<typeof runRequestShape>;
export const runRequestPredicate: Predicate<RunRequest> = {
  type: `${PREDICATE_BASE}run-request/v1`,
  shape: runRequestShape,
  maxSubjects: 1,
};
