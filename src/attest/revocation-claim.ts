import { trustDomainShape } from "#canon/id-shape.ts";
import { integer, object, type Infer } from "#canon/shape.ts";
import { PREDICATE_BASE, type Predicate } from "./statement.ts";

/** `revocation-list/v1`, over `revocations.json`: a revoker's word for one snapshot of what is revoked. */
const revocationClaimShape = object({ trustDomain: trustDomainShape, sequence: integer({ min: 1 }) });
export type RevocationClaim = Infer<typeof revocationClaimShape>;
export const revocationListPredicate: Predicate<RevocationClaim> = {
  type: `${PREDICATE_BASE}revocation-list/v1`,
  shape: revocationClaimShape,
  maxSubjects: 1,
};
