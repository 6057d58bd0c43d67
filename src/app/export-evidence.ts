import type { FileHandle } from "node:fs/promises";
import { paddingOf, ustarHeader, BLOCK } from "#evidence/ustar.ts";
import { roleOf, ATTESTATION_PATH, MANIFEST_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import type { BundleFile, BundleSource } from "#verify/bundle-source.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { compareArchived } from "./bundle-tar.ts";
import { userFileCodes } from "./user-file-codes.ts";
import { writeAll } from "./write-all.ts";
import { isWrongPath, writeWhole } from "./write-whole.ts";

/**
 * Writes a bundle as a deterministic tar: the same bundle gives the same bytes on every machine. The file appears whole
 * or not at all. Faults: BUNDLE_ENTRY_UNSAFE, USER_FILE_WRITE (no file can have that path), EXPORT_FAILED and those of the source.
 */
export async function exportEvidence(source: BundleSource, out: string): Promise<Result<{ readonly size: number }>> {
  const files = await archivedFiles(source);
  if (!files.ok) {
    return files;
  }
  try {
    return ok({ size: await writeArchive(source, files.value, out) });
  } catch (error) {
    if (isWrongPath(error, out)) {
      return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file: out, problem: systemProblem(error) }));
    }
    const problem = error instanceof Error ? error.message : "unknown problem";
    return fail(faultOf(bundleCodes, "EXPORT_FAILED", { path: out, problem }));
  }
}

/** The files of a bundle in the order of its archive. */
async function archivedFiles(source: BundleSource): Promise<Result<readonly BundleFile[]>> {
  const files = await source.list();
  if (!files.ok) {
    return files;
  }
  const unfit = files.value.find((file) => !isBundlePath(file.path) || ustarHeader(file) === undefined);
  return unfit === undefined
    ? ok(files.value.toSorted((a, b) => compareArchived(a.path, b.path)))
    : fail(faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path: unfit.path }));
}

/** Writes such a file whole or not at all, so that a half-written archive is never taken for one. */
export async function writeArchive(source: BundleSource, files: readonly BundleFile[], out: string): Promise<number> {
  const sorted = files.toSorted((a, b) => compareArchived(a.path, b.path));
  return writeWhole(out, (handle) => writeTar(source, sorted, handle));
}

function isBundlePath(path: string): boolean {
  return path === MANIFEST_PATH || path === ATTESTATION_PATH || roleOf(path) !== undefined;
}

async function writeTar(source: BundleSource, files: readonly BundleFile[], handle: FileHandle): Promise<number> {
  let at = 0;
  for await (const chunk of tarChunks(source, files)) {
    await writeAll(handle, chunk);
    at += chunk.length;
  }
  return at;
}

/** The archive of a bundle as it is sent: its size is known before its bytes. */
export type EvidenceArchive = { readonly size: number; readonly chunks: AsyncIterable<Uint8Array> };

/** The same archive as a stream. Faults: BUNDLE_ENTRY_UNSAFE and those of the source; a file that changes throws. */
export async function evidenceArchive(source: BundleSource): Promise<Result<EvidenceArchive>> {
  const files = await archivedFiles(source);
  return files.ok ? archiveOf(source, files.value) : files;
}

/** The files of a folder that is stored by its listing, as an archive. Fault: BUNDLE_ENTRY_UNSAFE. */
export function archiveOf(source: Pick<BundleSource, "open">, files: readonly BundleFile[]): Result<EvidenceArchive> {
  const unfit = files.find((file) => ustarHeader(file) === undefined);
  if (unfit !== undefined) {
    return fail(faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path: unfit.path }));
  }
  const size = files.reduce((sum, file) => sum + BLOCK + file.size + paddingOf(file.size), 2 * BLOCK);
  return ok({ size, chunks: tarChunks(source, files) });
}

async function* tarChunks(
  source: Pick<BundleSource, "open">,
  files: readonly BundleFile[],
): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    const header = ustarHeader(file);
    if (header === undefined) {
      throw new Error(`${file.path} does not fit into a tar`);
    }
    yield header;
    let size = 0;
    for await (const chunk of source.open(file.path)) {
      size += chunk.length;
      yield chunk;
    }
    if (size !== file.size) {
      throw new Error(`${file.path} changed while it was read`);
    }
    yield new Uint8Array(paddingOf(file.size));
  }
  yield new Uint8Array(2 * BLOCK);
}
