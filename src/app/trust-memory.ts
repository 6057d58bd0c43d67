import { existsSync } from "node:fs";
import type { VerifySignature } from "#attest/public-key.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Sha256 } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { checkSuccession } from "#trust/check-succession.ts";
import { trustCodes } from "#trust/codes.ts";
import { followRoot } from "#trust/follow-root.ts";
import { checkRollback } from "#trust/freshness.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { Revocations } from "#trust/revocation-list.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { readSeen, seenPath, writeSeen, type Seen, type SeenList } from "./seen-file.ts";
import type { Settings } from "./settings.ts";
import { withTrustLock } from "./state-lock.ts";
import { readSteps } from "./trust-file.ts";
import { trustUseCodes } from "./trust-use-codes.ts";

/** Where a pinned root lies and what is remembered of it, and with what its next versions are checked. */
export type RootPlace = {
  readonly settings: Pick<Settings, "trustFile" | "namesTrust" | "stateFolder">;
  readonly verifySignature: VerifySignature;
  readonly sha256: Sha256;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/**
 * Takes a pinned root into use, and remembers it. Nothing is remembered where there is no state folder, or none that can be
 * written. Faults: those of `checkRoot`, TRUST_BUSY.
 */
export async function admitRoot(root: TrustRoot, place: RootPlace): Promise<Result<void>> {
  const { stateFolder } = place.settings;
  const before = await lookBack(root, place);
  const admitted = before.ok ? await checkAfter(before.value, root, place) : before;
  return !admitted.ok || !before.ok || isKnown(before.value, root, place) || !existsSync(stateFolder)
    ? admitted
    : passUnwritable(await withTrustLock(stateFolder, () => remember(root, place)));
}

/**
 * Whether a pinned root may be used where others of its trust domain were used before. The root that `--trust` names is pinned
 * by that, and only must not be older; that of the configuration must be signed, version by version. Faults: TRUST_MEMORY,
 * TRUST_ROOT_DOMAIN, those of `followRoot`.
 */
export async function checkRoot(root: TrustRoot, place: RootPlace): Promise<Result<void>> {
  const before = await lookBack(root, place);
  return before.ok ? checkAfter(before.value, root, place) : before;
}

/** What was used before a root: the last of its trust domain, and of which trust domain the file was that it stands in now. */
type Before = { readonly last: TrustRoot | undefined; readonly trustDomain: string | undefined };

async function lookBack(root: TrustRoot, place: RootPlace): Promise<Result<Before>> {
  const seen = await readSeen(place.settings.stateFolder);
  const last = seen.ok ? await lastRoot(root, place) : seen;
  return seen.ok && last.ok
    ? ok({ last: last.value, trustDomain: domainAt(seen.value, place.settings) })
    : (last as Result<never>);
}

function domainAt({ files = {} }: Seen, { trustFile = "" }: RootPlace["settings"]): string | undefined {
  return Object.hasOwn(files, trustFile) ? files[trustFile] : undefined;
}

/** Of files that are only named, those that were configured before are remembered: they are pinned anew. */
function pinsFile(trustDomain: string | undefined, { trustFile, namesTrust }: RootPlace["settings"]): boolean {
  return trustFile !== undefined && (namesTrust !== true || trustDomain !== undefined);
}

function isKnown({ last, trustDomain }: Before, { digest, document }: TrustRoot, place: RootPlace): boolean {
  const isPinned = trustDomain === document.trustDomain || !pinsFile(trustDomain, place.settings);
  return last?.digest === digest && isPinned;
}

async function checkAfter({ last, trustDomain }: Before, root: TrustRoot, place: RootPlace): Promise<Result<void>> {
  const { settings, now, ...tools } = place;
  if (settings.trustFile === undefined || settings.namesTrust === true) {
    return checkRollback(root, last);
  }
  const found = root.document.trustDomain;
  if (trustDomain !== undefined && trustDomain !== found) {
    return fail(faultOf(trustCodes, "TRUST_ROOT_DOMAIN", { expected: trustDomain, found }));
  }
  if (last === undefined) {
    return ok(undefined);
  }
  const steps = await readSteps(settings.trustFile, last, root, tools.sha256);
  return followRoot(last, root, steps, { ...tools, at: timestampOf(now()) });
}

/** The last root of the trust domain of `root` that was used from this place. Fault: TRUST_MEMORY. */
export async function lastRoot(
  { document: { trustDomain } }: TrustRoot,
  { settings: { stateFolder }, sha256 }: Pick<RootPlace, "settings" | "sha256">,
): Promise<Result<TrustRoot | undefined>> {
  const seen = await readSeen(stateFolder);
  if (!seen.ok || !Object.hasOwn(seen.value.roots, trustDomain)) {
    return seen.ok ? ok(undefined) : seen;
  }
  const root = readTrustRoot(canonicalBytes(seen.value.roots[trustDomain]), sha256);
  return root.ok ? root : fail(faultOf(trustUseCodes, "TRUST_MEMORY", { file: seenPath(stateFolder) }));
}

/** The last revocation list of the root's trust domain that was used from this state folder. Fault: TRUST_MEMORY. */
export async function lastRevocations(stateFolder: string, root: TrustRoot): Promise<Result<SeenList | undefined>> {
  const seen = await readSeen(stateFolder);
  return seen.ok ? ok(listOf(seen.value, root.document.trustDomain)) : seen;
}

/** Whether a signed revocation list may be used where others were used before. Faults: those of `checkSuccession`, TRUST_MEMORY. */
export async function checkList(stateFolder: string, list: Revocations): Promise<Result<void>> {
  const seen = await readSeen(stateFolder);
  return seen.ok ? checkSuccession(list, listOf(seen.value, list.document.trustDomain)) : seen;
}

/**
 * Takes a signed revocation list into use: refuses one that comes before what was used, or beside it, and remembers a
 * newer one. Faults: REVOCATIONS_ROLLBACK, REVOCATIONS_FORKED, TRUST_MEMORY, TRUST_BUSY.
 */
export async function admitRevocations(stateFolder: string, list: Revocations): Promise<Result<void>> {
  const seen = await readSeen(stateFolder);
  const last = seen.ok ? listOf(seen.value, list.document.trustDomain) : undefined;
  const admitted = seen.ok ? checkSuccession(list, last) : seen;
  if (!admitted.ok || last?.digest === list.digest || !existsSync(stateFolder)) {
    return admitted;
  }
  return passUnwritable(await withTrustLock(stateFolder, () => rememberList(stateFolder, list)));
}

/** The same for whoever holds the lock of the trust files already, or has no state folder to lock. */
export async function admitUnderLock(stateFolder: string, list: Revocations): Promise<Result<void>> {
  return existsSync(stateFolder)
    ? passUnwritable(await rememberList(stateFolder, list))
    : admitRevocations(stateFolder, list);
}

/** That a state folder cannot be written is no reason to refuse what was found good. */
function passUnwritable(remembered: Result<void>): Result<void> {
  return !remembered.ok && remembered.fault.code === "TRUST_FILE_ACCESS" ? ok(undefined) : remembered;
}

function listOf({ revocations = {} }: Seen, trustDomain: string): SeenList | undefined {
  return Object.hasOwn(revocations, trustDomain) ? revocations[trustDomain] : undefined;
}

async function rememberList(stateFolder: string, list: Revocations): Promise<Result<void>> {
  const seen = await readSeen(stateFolder);
  if (!seen.ok) {
    return seen;
  }
  const { trustDomain, sequence } = list.document;
  const last = listOf(seen.value, trustDomain);
  const admitted = checkSuccession(list, last);
  if (last?.digest === list.digest) {
    return admitted;
  }
  const revocations = { ...seen.value.revocations, [trustDomain]: { sequence, digest: list.digest } };
  return admitted.ok ? writeSeen(stateFolder, { ...seen.value, revocations }) : admitted;
}

/** Looked at again under the lock: another process may have seen a newer one meanwhile. */
async function remember(root: TrustRoot, place: RootPlace): Promise<Result<void>> {
  const { stateFolder, trustFile = "" } = place.settings;
  const { document } = root;
  const seen = await readSeen(stateFolder);
  const admitted = seen.ok ? await checkRoot(root, place) : seen;
  if (!seen.ok || !admitted.ok) {
    return admitted;
  }
  const { trustDomain } = document;
  const roots = { ...seen.value.roots, [trustDomain]: document };
  const pins = pinsFile(domainAt(seen.value, place.settings), place.settings);
  const files = pins ? { ...seen.value.files, [trustFile]: trustDomain } : seen.value.files;
  return writeSeen(stateFolder, { ...seen.value, roots, ...(files === undefined ? {} : { files }) });
}
