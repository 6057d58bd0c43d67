import type { VerifySignature } from "#attest/public-key.ts";
import { revocationListPredicate } from "#attest/revocation-claim.ts";
import type { Sha256 } from "#canon/digest.ts";
import { millisecondsOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { checkSigned } from "./check-signed.ts";
import { checkKeyWindow } from "./freshness.ts";
import { readRevocations, type Revocations } from "./revocation-list.ts";
import { revocationCodes } from "./revocation-codes.ts";
import type { TrustedKey, TrustRoot } from "./trust-root.ts";

/** A list as it was given: its bytes, and those of its sidecar where there is one. */
export type RevocationFiles = { readonly list: Uint8Array; readonly sidecar?: Uint8Array };

/** A list that a revoker of the trust root signed. Made only by `checkRevocations`. */
export type SignedRevocations = Revocations & { readonly signer: TrustedKey };

export type RevocationTools = {
  readonly trustRoot: TrustRoot;
  readonly at: Timestamp;
  readonly verifySignature: VerifySignature;
  readonly sha256: Sha256;
};

const HOUR_MS = 3_600_000;

/**
 * Reads a list and holds it to its signature: role `revoker`, without regard to scopes, over exactly these bytes. Time is
 * another question: `revocationsStaleness`. Faults, in this order: REVOCATIONS_SYNTAX, REVOCATIONS_SHAPE,
 * REVOCATIONS_DOMAIN, REVOCATIONS_UNSIGNED, those of `checkSigned`, REVOCATIONS_MISMATCH.
 */
export async function checkRevocations(
  { list, sidecar }: RevocationFiles,
  tools: RevocationTools,
): Promise<Result<SignedRevocations>> {
  const read = readRevocations(list, tools.sha256);
  if (!read.ok) {
    return read;
  }
  const { trustDomain, sequence } = read.value.document;
  const expected = tools.trustRoot.document.trustDomain;
  if (trustDomain !== expected) {
    return fail(faultOf(revocationCodes, "REVOCATIONS_DOMAIN", { found: trustDomain, expected }));
  }
  if (sidecar === undefined) {
    return fail(faultOf(revocationCodes, "REVOCATIONS_UNSIGNED"));
  }
  const signed = await checkSigned({
    ...tools,
    sidecar,
    profile: "own",
    file: read.value.digest,
    predicate: revocationListPredicate,
    roles: ["revoker"],
    scope: {},
    // What revokes is not held against itself: a revoker may revoke the very key that signs.
    revocations: undefined,
  });
  if (signed.status === "fail") {
    return fail({ code: signed.code, message: signed.why });
  }
  const claim = signed.statement.predicate;
  const signer = tools.trustRoot.keys.get(signed.keyid);
  if (signer === undefined) {
    throw new Error("a signature counts only by a key of the root");
  }
  if (claim.trustDomain !== trustDomain || claim.sequence !== sequence) {
    const member = claim.trustDomain === trustDomain ? "sequence" : "trustDomain";
    return fail(faultOf(revocationCodes, "REVOCATIONS_MISMATCH", { member }));
  }
  return ok({ ...read.value, signer });
}

/** Whether the list is at least the one that the root's policy asks for. Fault: REVOCATIONS_ROLLBACK. */
export function checkLeastSequence({ document }: Revocations, root: TrustRoot): Result<void> {
  const { sequence } = document;
  const lowest = root.document.policy?.revocation?.minSequence ?? 0;
  const why = "the trust root's policy says so";
  return sequence < lowest
    ? fail(faultOf(revocationCodes, "REVOCATIONS_ROLLBACK", { sequence, lowest, why }))
    : ok(undefined);
}

/**
 * What time has done to a list, or undefined while it is fresh: REVOCATIONS_STALE from `nextUpdate` on, or from
 * `maxAgeHours` of the root's policy after `issuedAt` on; KEY_WINDOW when its signer's key is out of its window.
 */
export function revocationsStaleness(list: SignedRevocations, root: TrustRoot, at: Timestamp): Fault | undefined {
  const { sequence, nextUpdate, issuedAt } = list.document;
  const stale = (why: string): Fault => faultOf(revocationCodes, "REVOCATIONS_STALE", { sequence, why });
  if (at >= nextUpdate) {
    return stale(`it was to be renewed by ${nextUpdate}`);
  }
  const hours = root.document.policy?.revocation?.maxAgeHours;
  const age = (millisecondsOf(at) ?? 0) - (millisecondsOf(issuedAt) ?? 0);
  if (hours !== undefined && age >= hours * HOUR_MS) {
    return stale(`it was issued at ${issuedAt}, and the trust root takes none of ${hours} hours or older`);
  }
  const window = checkKeyWindow(list.signer, at);
  return window.ok ? undefined : window.fault;
}
