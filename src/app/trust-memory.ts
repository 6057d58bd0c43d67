import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { integer, literal, misfitsOf, object, record, type Infer } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { checkRollback } from "#trust/freshness.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { fileFault, systemCode } from "./file-fault.ts";
import { withTrustLock } from "./state-lock.ts";
import { writeAtomically } from "./trust-file.ts";
import { trustUseCodes } from "./trust-use-codes.ts";

/** `trust/seen.json` of a state folder: the highest version of each trust domain that was relied on from here. */
const seenShape = object({
  schema: literal("packrun.seen-roots/v1"),
  versions: record(/^[a-z0-9][a-z0-9.-]{0,126}$/, integer({ min: 1 }), "a trust domain"),
});
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
  const remembered = await withTrustLock(stateFolder, () => remember(stateFolder, root));
  return !remembered.ok && remembered.fault.code === "TRUST_FILE_ACCESS" ? admitted : remembered;
}

/** The highest version of the root's trust domain that was used from this state folder; 0 when none was. */
export async function highestSeen(stateFolder: string, root: TrustRoot): Promise<Result<number>> {
  const seen = await readSeen(stateFolder);
  const { trustDomain } = root.document;
  return seen.ok
    ? ok(Object.hasOwn(seen.value.versions, trustDomain) ? (seen.value.versions[trustDomain] ?? 0) : 0)
    : seen;
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
  const next: Seen = { ...seen.value, versions: { ...seen.value.versions, [trustDomain]: version } };
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
