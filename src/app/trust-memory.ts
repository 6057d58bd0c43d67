import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digest, integer, literal, misfitsOf, object, record, type Infer } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { checkSuccession } from "#trust/check-succession.ts";
import { checkRollback } from "#trust/freshness.ts";
import type { Revocations } from "#trust/revocation-list.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { fileFault, systemCode } from "./file-fault.ts";
import { withTrustLock } from "./state-lock.ts";
import { writeAtomically } from "./trust-file.ts";
import { trustUseCodes } from "./trust-use-codes.ts";

const DOMAIN = /^[a-z0-9][a-z0-9.-]{0,126}$/;
const seenListShape = object({ sequence: integer({ min: 1 }), digest: digest() });
/** The last revocation list of a trust domain that was relied on from here. */
export type SeenList = Infer<typeof seenListShape>;

/**
 * `trust/seen.json` of a state folder: by trust domain the highest version of its root that was relied on from here, and
 * the last of its revocation lists.
 */
const seenShape = object(
  {
    schema: literal("packrun.seen-roots/v1"),
    versions: record(DOMAIN, integer({ min: 1 }), "a trust domain"),
  },
  { revocations: record(DOMAIN, seenListShape, "a trust domain") },
);
type Seen = Infer<typeof seenShape>;

/**
 * Takes a pinned root into use: refuses one that is older than what was used before, and remembers a newer one. Nothing
 * is remembered where there is no state folder, or none that can be written. Faults: TRUST_ROOT_ROLLBACK, TRUST_MEMORY, TRUST_BUSY.
 */
export async function admitRoot(stateFolder: string, root: TrustRoot): Promise<Result<void>> {
  const highest = await highestSeen(stateFolder, root);
  const admitted = highest.ok ? checkRollback(root, highest.value) : highest;
  if (!admitted.ok || !highest.ok || highest.value === root.document.version || !existsSync(stateFolder)) {
    return admitted;
  }
  return passUnwritable(await withTrustLock(stateFolder, () => remember(stateFolder, root)));
}

/** The highest version of the root's trust domain that was used from this state folder; 0 when none was. */
export async function highestSeen(stateFolder: string, root: TrustRoot): Promise<Result<number>> {
  const seen = await readSeen(stateFolder);
  const { trustDomain } = root.document;
  return seen.ok
    ? ok(Object.hasOwn(seen.value.versions, trustDomain) ? (seen.value.versions[trustDomain] ?? 0) : 0)
    : seen;
}

/** The last revocation list of the root's trust domain that was used from this state folder. Fault: TRUST_MEMORY. */
export async function lastRevocations(stateFolder: string, root: TrustRoot): Promise<Result<SeenList | undefined>> {
  const seen = await readSeen(stateFolder);
  return seen.ok ? ok(listOf(seen.value, root.document.trustDomain)) : seen;
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
async function remember(stateFolder: string, root: TrustRoot): Promise<Result<void>> {
  const { trustDomain, version } = root.document;
  const seen = await readSeen(stateFolder);
  const highest = await highestSeen(stateFolder, root);
  const admitted = highest.ok ? checkRollback(root, highest.value) : highest;
  if (!seen.ok || !admitted.ok) {
    return seen.ok ? admitted : seen;
  }
  return writeSeen(stateFolder, { ...seen.value, versions: { ...seen.value.versions, [trustDomain]: version } });
}

async function writeSeen(stateFolder: string, next: Seen): Promise<Result<void>> {
  try {
    await writeAtomically(seenPath(stateFolder), canonicalBytes(next));
    return ok(undefined);
  } catch (error) {
    return fileFault(seenPath(stateFolder), error);
  }
}

async function readSeen(stateFolder: string): Promise<Result<Seen>> {
  const file = seenPath(stateFolder);
  const bytes = await readFile(file).catch((error: unknown) => systemCode(error));
  if (bytes === "ENOENT" || bytes === "ENOTDIR") {
    return ok({ schema: "packrun.seen-roots/v1", versions: {} });
  }
  const read = typeof bytes === "string" ? undefined : readCanonicalJson(new Uint8Array(bytes), "seen.json");
  return read?.ok === true && misfitsOf(seenShape, read.value).length === 0
    ? ok(read.value as Seen)
    : fail(faultOf(trustUseCodes, "TRUST_MEMORY", { file }));
}

function seenPath(stateFolder: string): string {
  return join(stateFolder, "trust", "seen.json");
}
