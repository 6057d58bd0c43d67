import type { VerifySignature } from "#attest/public-key.ts";
import type { Sha256 } from "#canon/digest.ts";
import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import {
  checkLeastSequence,
  checkRevocations,
  revocationsStaleness,
  type RevocationFiles,
  type SignedRevocations,
} from "#trust/check-revocations.ts";
import { needsRevocations } from "#trust/freshness.ts";
import { revocationCodes } from "#trust/revocation-codes.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { readRevocationFiles, revocationsPath } from "./revocation-files.ts";
import type { Settings } from "./settings.ts";
import { admitRevocations, lastRevocations } from "./trust-memory.ts";

/** The list that is in force here, and its files. */
export type HeldRevocations = { readonly list: SignedRevocations; readonly files: RevocationFiles };

export type RevocationPlace = {
  readonly settings: Pick<Settings, "revocationsFile" | "trustFile" | "stateFolder">;
  readonly verifySignature: VerifySignature;
  readonly sha256: Sha256;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Waits before a list is read again that is just being replaced; 25 ms unless given. */
  readonly pause?: () => Promise<void>;
};

/** A list and its sidecar are replaced one after the other: somebody who reads in between looks again, this often. */
const LOOKS = 4;

/**
 * The revocation list of this place as it stands now; undefined where there is none and none is asked for. One that is
 * there must hold, whether it is asked for or not, and is remembered. `time: "any"` takes a stale one as well. Faults:
 * REVOCATIONS_*, TRUST_FILE_ACCESS, those of `checkSigned` and of the memory.
 */
export async function heldRevocations(
  root: TrustRoot,
  place: RevocationPlace,
  time: "fresh" | "any" = "fresh",
): Promise<Result<HeldRevocations | undefined>> {
  const at = timestampOf(place.now());
  const found = await signedList(root, place, at);
  if (!found.ok) {
    return found;
  }
  if (found.value === undefined) {
    return nothingFault(root, place);
  }
  const { list } = found.value;
  const least = checkLeastSequence(list, root);
  if (!least.ok) {
    return least;
  }
  const admitted = await admitRevocations(place.settings.stateFolder, list);
  if (!admitted.ok) {
    return admitted;
  }
  const stale = time === "any" ? undefined : revocationsStaleness(list, root, at);
  return stale === undefined ? found : fail(stale);
}

async function signedList(
  root: TrustRoot,
  { settings, verifySignature, sha256, pause = shortPause }: RevocationPlace,
  at: Timestamp,
): Promise<Result<HeldRevocations | undefined>> {
  const path = revocationsPath(settings);
  for (let look = 1; ; look += 1) {
    const files = await readRevocationFiles(path);
    if (!files.ok || files.value === undefined) {
      return files.ok ? ok(undefined) : files;
    }
    const checked = await checkRevocations(files.value, { trustRoot: root, at, verifySignature, sha256 });
    if (checked.ok) {
      return ok({ list: checked.value, files: files.value });
    }
    const halfReplaced = ["STATEMENT_SUBJECT", "REVOCATIONS_UNSIGNED"].includes(checked.fault.code);
    if (!halfReplaced || look === LOOKS) {
      return checked;
    }
    await pause();
  }
}

/** A list that was there before, or that is named or demanded, does not vanish unnoticed. */
async function nothingFault(root: TrustRoot, { settings }: RevocationPlace): Promise<Result<undefined>> {
  const { trustDomain } = root.document;
  const before = await lastRevocations(settings.stateFolder, root);
  if (!before.ok) {
    return before;
  }
  const missing = (why: string): Result<never> =>
    fail(faultOf(revocationCodes, "REVOCATIONS_MISSING", { trustDomain, why }));
  if (needsRevocations(root)) {
    return missing("its trust root demands one");
  }
  if (settings.revocationsFile !== undefined) {
    return missing(`${settings.revocationsFile} is configured`);
  }
  return before.value === undefined
    ? ok(undefined)
    : missing(`one with sequence ${before.value.sequence} was used here before`);
}

function shortPause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 25);
  });
}
