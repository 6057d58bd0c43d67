import { access, lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { ATTESTATION_PATH, MANIFEST_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode, systemProblem } from "#fault/system-problem.ts";
import { appCodes } from "./codes.ts";

const NOT_EMPTY = "it is not empty";

/**
 * The manifest digest of this run's bundle where it stands in `folder`; undefined where nothing stands there yet. Bundles
 * appear whole, so manifest and attestation are enough. Fault: EVIDENCE_TARGET for a folder with anything else in it.
 */
export async function standingBundle(
  folder: string,
  runId: string,
  sha256: Sha256,
): Promise<Result<Digest | undefined>> {
  const found = await bundleIn(folder, runId, sha256);
  const names = found === undefined ? await readdir(folder).catch(() => []) : [];
  if (names.length === 0) {
    return ok(found);
  }
  // Another process may have put it there between the two looks.
  const late = await bundleIn(folder, runId, sha256);
  return late === undefined ? refused(folder, NOT_EMPTY) : ok(late);
}

async function bundleIn(folder: string, runId: string, sha256: Sha256): Promise<Digest | undefined> {
  const manifest = await access(join(folder, ATTESTATION_PATH))
    .then(() => readFile(join(folder, MANIFEST_PATH)))
    .catch(() => undefined);
  const read = manifest === undefined ? undefined : readCanonicalJson(manifest, MANIFEST_PATH);
  return manifest !== undefined && read?.ok === true && isJsonObject(read.value) && read.value["runId"] === runId
    ? digestOf(manifest, sha256)
    : undefined;
}

/** Whether a new bundle can be put there, before a run: a folder that is empty or not there yet. Fault: EVIDENCE_TARGET. */
export async function checkEvidenceTarget(folder: string): Promise<Result<void>> {
  const problem = await readdir(folder).then(
    (names) => (names.length === 0 ? undefined : NOT_EMPTY),
    (error: unknown) => noFolder(folder, error),
  );
  return problem === undefined ? ok(undefined) : refused(folder, problem);
}

function refused(folder: string, problem: string): Result<never> {
  return fail(faultOf(appCodes, "EVIDENCE_TARGET", { folder, problem }));
}

/** Of a folder that is there and cannot be read, whoever writes into it finds out more. */
async function noFolder(path: string, error: unknown): Promise<string | undefined> {
  const code = systemCode(error);
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isThere) {
    return code === "ENOTDIR" || code === "ENOENT" ? "it is no folder" : undefined;
  }
  return code === "ENOTDIR" ? systemProblem(error) : undefined;
}
