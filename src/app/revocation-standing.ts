import { timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import {
  checkLeastSequence,
  checkRevocations,
  revocationsStaleness,
  type RevocationFiles,
  type RevocationTools,
  type SignedRevocations,
} from "#trust/check-revocations.ts";
import { needsRevocations } from "#trust/freshness.ts";
import { readRevocations } from "#trust/revocation-list.ts";
import { revocationCodes } from "#trust/revocation-codes.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { developmentKey } from "./development-key.ts";
import { readKeptSidecar, readRevocationFiles, revocationsPath } from "./revocation-files.ts";
import type { Settings } from "./settings.ts";
import { admitRevocations, checkList, lastRevocations, type RootPlace } from "./trust-memory.ts";

/** The list that is in force here, and its files. */
export type HeldRevocations = { readonly list: SignedRevocations; readonly files: RevocationFiles };

export type RevocationPlace = RootPlace & {
  readonly settings: Pick<Settings, "revocationsFile">;
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
export function heldRevocations(
  root: TrustRoot,
  place: RevocationPlace,
  time: "fresh" | "any" = "fresh",
): Promise<Result<HeldRevocations | undefined>> {
  return hold(root, place, time, admitRevocations);
}

/** The same, stale or not, for who only looks: nothing is remembered of a root that nobody may have admitted. */
export function inspectRevocations(
  root: TrustRoot,
  place: RevocationPlace,
): Promise<Result<HeldRevocations | undefined>> {
  return hold(root, place, "any", checkList);
}

async function hold(
  root: TrustRoot,
  place: RevocationPlace,
  time: "fresh" | "any",
  admit: typeof admitRevocations,
): Promise<Result<HeldRevocations | undefined>> {
  const found = await lookAtRevocations(revocationsPath(place.settings), root, place);
  if (!found.ok) {
    return found;
  }
  if (found.value === undefined) {
    const missed = await checkNoneMissed(root, place);
    return missed.ok && needsRevocations(root)
      ? missingRevocations(root, "its trust root demands one", place.settings, false)
      : missed;
  }
  const { files, signed } = found.value;
  if (!signed.ok) {
    return signed;
  }
  const list = signed.value;
  const least = checkLeastSequence(list, root);
  const admitted = least.ok ? await admit(place.settings.stateFolder, list) : least;
  if (!admitted.ok) {
    return admitted;
  }
  const stale = time === "any" ? undefined : revocationsStaleness(list, root, timestampOf(place.now()));
  return stale === undefined ? ok({ list, files }) : fail(stale);
}

/** The files of a list, and the list itself when it is well signed. */
export type SeenRevocations = { readonly files: RevocationFiles; readonly signed: Result<SignedRevocations> };

/** What lies at a path: undefined where nothing does. Fault: TRUST_FILE_ACCESS. */
export async function lookAtRevocations(
  path: string,
  trustRoot: TrustRoot,
  { verifySignature, sha256, now, pause = shortPause }: RevocationPlace,
): Promise<Result<SeenRevocations | undefined>> {
  const tools = { trustRoot, at: timestampOf(now()), verifySignature, sha256 };
  for (let look = 1; ; look += 1) {
    const files = await readRevocationFiles(path);
    if (!files.ok || files.value === undefined) {
      return files.ok ? ok(undefined) : files;
    }
    const found = await withKeptSidecar(path, files.value, tools);
    const halfReplaced = !found.signed.ok && isHalfReplaced(found.signed.fault);
    if (!halfReplaced || look === LOOKS) {
      return ok(found);
    }
    await pause();
  }
}

/** A sidecar of another list is passed over for the one that was kept with this list, where there is one. */
async function withKeptSidecar(path: string, files: RevocationFiles, tools: RevocationTools): Promise<SeenRevocations> {
  const signed = await checkRevocations(files, tools);
  const list = signed.ok || !isHalfReplaced(signed.fault) ? signed : readRevocations(files.list, tools.sha256);
  if (signed.ok || !list.ok) {
    return { files, signed };
  }
  const kept = await readKeptSidecar(path, list.value.document.sequence);
  const whole = kept.ok && kept.value !== undefined ? { list: files.list, sidecar: kept.value } : files;
  const again = await checkRevocations(whole, tools);
  return again.ok ? { files: whole, signed: again } : { files, signed };
}

function isHalfReplaced({ code }: Fault): boolean {
  return code === "STATEMENT_SUBJECT" || code === "REVOCATIONS_UNSIGNED";
}

/** A list that was used before, or that is configured, does not vanish unnoticed. Faults: REVOCATIONS_MISSING, TRUST_MEMORY. */
export async function checkNoneMissed(root: TrustRoot, { settings }: RevocationPlace): Promise<Result<undefined>> {
  const before = await lastRevocations(settings.stateFolder, root);
  if (!before.ok) {
    return before;
  }
  const wasUsed = before.value !== undefined;
  if (settings.revocationsFile !== undefined) {
    return missingRevocations(root, `${settings.revocationsFile} is configured`, settings, wasUsed);
  }
  return wasUsed
    ? missingRevocations(root, `one with sequence ${before.value.sequence} was used here before`, settings, wasUsed)
    : ok(undefined);
}

/**
 * REVOCATIONS_MISSING, with what mends it here: a list that was used is put back, as in its place none is begun; else
 * whoever holds the role makes the first one, which under development trust is the development key.
 */
export function missingRevocations(
  root: TrustRoot,
  why: string,
  settings: RevocationPlace["settings"],
  wasUsed: boolean,
): Result<never> {
  const { trustDomain } = root.document;
  const list = revocationsPath(settings);
  const key = settings.trustFile === undefined ? developmentKey(settings) : "KEY";
  const hint = wasUsed
    ? "put the newest list of its owner back, with its sidecar: beside the trust root, or where `revocations` of the configuration says"
    : `make the first list: packrun revoke --renew --key ${key} (a key with role revoker; --trust and --store as here), or put the one of its owner, with its sidecar, there: ${list}`;
  return fail(faultOf(revocationCodes, "REVOCATIONS_MISSING", { trustDomain, why }, { hint }));
}

function shortPause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 25);
  });
}
