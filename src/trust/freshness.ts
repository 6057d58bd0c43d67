import type { Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { trustCodes } from "./codes.ts";
import type { TrustedKey, TrustRoot } from "./trust-root.ts";

/** Whether the root may still be relied on at this moment. Fault: TRUST_ROOT_EXPIRED, which is stale, not failed. */
export function checkRootExpiry(root: TrustRoot, at: Timestamp): Result<void> {
  const { expires, version } = root.document;
  return at < expires ? ok(undefined) : fail(faultOf(trustCodes, "TRUST_ROOT_EXPIRED", { version, expires }));
}

/**
 * Whether a key is valid at a trusted timestamp of its signature, else at the time of verification; the signer's own word
 * counts for nothing. Fault: KEY_WINDOW, which is stale, not failed.
 */
export function checkKeyWindow(key: TrustedKey, at: Timestamp, timestamps: readonly Timestamp[] = []): Result<void> {
  const { principal, validFrom, validUntil } = key;
  return [...timestamps, at].some((time) => validFrom <= time && time < validUntil)
    ? ok(undefined)
    : fail(faultOf(trustCodes, "KEY_WINDOW", { keyid: key.key.keyid, principal, validFrom, validUntil }));
}

/**
 * Whether a root is not older than the last one that was used of its trust domain. Fault: TRUST_ROOT_ROLLBACK.
 */
export function checkRollback(root: TrustRoot, last: TrustRoot | undefined): Result<void> {
  const { trustDomain, version } = root.document;
  const highest = last?.document.version ?? 0;
  return version >= highest
    ? ok(undefined)
    : fail(faultOf(trustCodes, "TRUST_ROOT_ROLLBACK", { trustDomain, version, highest }));
}

/** Whether this root accepts signatures only together with a revocation list. */
export function needsRevocations(root: TrustRoot): boolean {
  return root.document.policy?.revocation?.required === true;
}
