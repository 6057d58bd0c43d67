import { trustDomainShape } from "#canon/id-shape.ts";
import { integer, object, type Infer } from "#canon/shape.ts";
import { PREDICATE_BASE, type Predicate } from "./statement.ts";

/** `trust-root/v1`, over `trust-root.json`: one root key's consent to one version of the trust root. */
const rootClaimShape = object({ trustDomain: trustDomainShape, version: integer({ min: 1 }) });
export type RootClaim = Infer<typeof rootClaimShape>;
export const trustRootPredicate: Predicate<RootClaim> = {
  type: `${PREDICATE_BASE}trust-root/v1`,
  shape: rootClaimShape,
  maxSubjects: 1,
};
