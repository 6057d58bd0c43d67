import { KEYID } from "#attest/public-key.ts";
import { isDigest } from "#canon/digest.ts";
import { parseRunId } from "#canon/ids.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { REVOCABLE_KINDS, REVOKED_PACK_NAME, type Revocation } from "#trust/revocation-list.ts";
import { revokeCodes } from "./revoke-codes.ts";

/** What somebody wants revoked, as they wrote it. */
export type RevocationOrder = { readonly kind: string; readonly value: string; readonly reason: string };

const MAX_REASON = 4096;

type Kind = Revocation["kind"];
const VALUES: Readonly<Record<Kind, readonly [is: (value: string) => boolean, expected: string]>> = {
  pack: [(value) => REVOKED_PACK_NAME.test(value), "give its digest (sha256:…), or NAME@VERSION"],
  plan: [isDigest, "give its planHash: sha256: and 64 lower-case hex digits"],
  key: [(value) => KEYID.test(value), "give its fingerprint: SHA256: and 43 letters, as `packrun keys show` tells it"],
  payload: [isDigest, "give the payload digest that the ledger and `gate.decision` name: sha256: and 64 hex digits"],
  run: [(value) => parseRunId(value) !== undefined, "give the whole run id, as `packrun runs list` shows it"],
};

/** The entry of a list. Faults: REVOKE_KIND, REVOKE_VALUE, REVOKE_REASON. */
export function newRevocation({ kind, value, reason }: RevocationOrder, revokedAt: Timestamp): Result<Revocation> {
  const known = REVOCABLE_KINDS.find((each) => each === kind);
  if (known === undefined) {
    return fail(faultOf(revokeCodes, "REVOKE_KIND", { kind }));
  }
  const [is, expected] = VALUES[known];
  if (!is(value)) {
    return fail(faultOf(revokeCodes, "REVOKE_VALUE", { kind, value, expected }));
  }
  if (reason.trim() === "" || reason.length > MAX_REASON) {
    return fail(faultOf(revokeCodes, "REVOKE_REASON"));
  }
  // The value was held to the form of its kind just now.
  return ok({ kind: known, value, reason, revokedAt } as Revocation);
}
