import type { TrustRoot } from "./trust-root.ts";

/** A member of a root's policy that speaks of something which this version does not do, in words. */
export type UnheldPolicy = { readonly name: "policy.revocation" | "policy.minVersion"; readonly why: string };

/**
 * What a root asks for that nothing here can hold: bounds on revocation lists, which are not read, and the least versions
 * of packs, which are held when a pack is imported. Whoever reports on a root says so, rather than pass over it.
 */
export function unheldPolicy({ document: { policy = {} } }: TrustRoot): readonly UnheldPolicy[] {
  const found: UnheldPolicy[] = [];
  if (policy.revocation !== undefined && !policy.revocation.required) {
    const why = "maxAgeHours and minSequence bind a revocation list, and this version reads none";
    found.push({ name: "policy.revocation", why });
  }
  if (Object.keys(policy.minVersion ?? {}).length > 0) {
    const why = "the least versions of packs are held at their import, which this version does not have";
    found.push({ name: "policy.minVersion", why });
  }
  return found;
}
