import type { PublicKey } from "#attest/public-key.ts";
import type { Sha256 } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import type { Result } from "#fault/result.ts";
import type { TimestampAuthority } from "./anchor-authority.ts";
import { draft, renewed, windowOf, type RootDraft } from "./edit-root.ts";
import type { TrustRoot } from "./trust-root.ts";

/** A log as a person names it; times that are absent are those of the root that it comes into. */
export type LogGrant = {
  readonly origin: string;
  readonly key: PublicKey;
  readonly url?: string;
  readonly validFrom?: Timestamp;
  readonly validUntil?: Timestamp;
};

/** The next version, which believes this timestamp authority too. Fault: TRUST_EDIT_INVALID. */
export function addAuthority(
  { document }: TrustRoot,
  authority: TimestampAuthority,
  now: Timestamp,
  sha256: Sha256,
): Result<RootDraft> {
  const timestampAuthorities = [...(document.timestampAuthorities ?? []), authority];
  return draft({ ...document, ...renewed(document, now), timestampAuthorities }, sha256);
}

/** The next version, which believes this transparency log too. Fault: TRUST_EDIT_INVALID. */
export function addLog({ document }: TrustRoot, grant: LogGrant, now: Timestamp, sha256: Sha256): Result<RootDraft> {
  const { origin, key, url } = grant;
  const next = renewed(document, now);
  const window = windowOf(next, { validFrom: grant.validFrom, validUntil: grant.validUntil });
  const log = { origin, alg: key.alg, pem: key.pem, ...window, ...(url === undefined ? {} : { url }) };
  return draft({ ...document, ...next, transparencyLogs: [...(document.transparencyLogs ?? []), log] }, sha256);
}

/**
 * The next version, which believes no authority and no log of this name any more: timestamps and entries of theirs count
 * for nothing, as if they were not there. Undefined when there is none of that name.
 */
export function removeWitness(
  { document }: TrustRoot,
  name: string,
  now: Timestamp,
  sha256: Sha256,
): Result<RootDraft> | undefined {
  const { timestampAuthorities = [], transparencyLogs = [] } = document;
  const authorities = timestampAuthorities.filter((authority) => authority.name !== name);
  const logs = transparencyLogs.filter(({ origin }) => origin !== name);
  const removed = timestampAuthorities.length + transparencyLogs.length - authorities.length - logs.length;
  const next = { ...renewed(document, now), timestampAuthorities: authorities, transparencyLogs: logs };
  return removed === 0 ? undefined : draft({ ...document, ...next }, sha256);
}
