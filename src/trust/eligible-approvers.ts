import type { Timestamp } from "#canon/timestamp.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { findRevoked } from "./find-revoked.ts";
import { checkKeyWindow } from "./freshness.ts";
import type { Revocations } from "./revocation-list.ts";
import { standingOf, type Scope } from "./role.ts";
import type { TrustRoot } from "./trust-root.ts";

/**
 * Principals who have a key that is in its window, not revoked, and holds one of these roles in this scope, by name. They may decide as
 * far as the trust root goes; the rule of the gate may still bar them.
 */
export function eligibleApprovers(
  root: TrustRoot,
  roles: readonly string[],
  scope: Scope,
  at: Timestamp,
  revocations?: Revocations,
): readonly string[] {
  const holding = [...root.keys.values()].filter(
    (key) =>
      checkKeyWindow(key, at).ok &&
      findRevoked(revocations, { key: key.key.keyid }) === undefined &&
      standingOf(root, key.key.keyid, roles, scope).kind === "held",
  );
  return [...new Set(holding.map(({ principal }) => principal))].toSorted(compareUtf8);
}
