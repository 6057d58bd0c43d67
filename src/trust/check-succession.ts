import type { Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { revocationCodes } from "./revocation-codes.ts";
import type { Revocations } from "./revocation-list.ts";

/**
 * Whether a list may follow the last one that was used of its trust domain: none before it, no other one in its place, and
 * none right behind it that does not name it. Lists in between may have been missed. Faults: REVOCATIONS_ROLLBACK,
 * REVOCATIONS_FORKED.
 */
export function checkSuccession(
  list: Revocations,
  last: { readonly sequence: number; readonly digest: Digest } | undefined,
): Result<void> {
  const { sequence, previousDigest } = list.document;
  if (last === undefined || list.digest === last.digest) {
    return ok(undefined);
  }
  if (sequence < last.sequence) {
    const why = "that one was used here before";
    return fail(faultOf(revocationCodes, "REVOCATIONS_ROLLBACK", { sequence, lowest: last.sequence, why }));
  }
  const forked = sequence === last.sequence || (sequence === last.sequence + 1 && previousDigest !== last.digest);
  return forked ? fail(faultOf(revocationCodes, "REVOCATIONS_FORKED", { sequence })) : ok(undefined);
}
