import { trustDomainShape } from "#canon/id-shape.ts";
import { array, digest, object, string, timestamp, type Infer } from "#canon/shape.ts";
import { PREDICATE_BASE, type Predicate } from "./statement.ts";

const text = string({ min: 1 });

/**
 * `pack-bundle/v1`, over the image manifest of a pack: a publisher's word for one version of a pack. `referrers` names
 * everything that came with it but this statement itself, so that whatever is stripped is missed.
 */
const packBundleShape = object(
  {
    name: text,
    version: text,
    packDigest: digest(),
    trustDomain: trustDomainShape,
    referrers: array(object({ digest: digest(), artifactType: text })),
    createdAt: timestamp(),
  },
  { plan: object({ hash: digest(), canonicalPlanPath: text }) },
);
export type PackBundleClaim = Infer<typeof packBundleShape>;
export const packBundlePredicate: Predicate<PackBundleClaim> = {
  type: `${PREDICATE_BASE}pack-bundle/v1`,
  shape: packBundleShape,
  maxSubjects: 1,
};
