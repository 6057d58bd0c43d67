import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { paddingOf, ustarHeader, BLOCK } from "#evidence/ustar.ts";
import { roleOf, ATTESTATION_PATH, MANIFEST_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BundleFile, BundleSource } from "#verify/bundle-source.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { compareArchived } from "./bundle-tar.ts";
import { writeAll } from "./write-all.ts";

/**
 * Writes a bundle as a deterministic tar: the same bundle gives the same bytes on every machine. The file appears whole
 * or not at all. Faults: BUNDLE_ENTRY_UNSAFE, EXPORT_FAILED and those of the source.
 */
export async function exportEvidence(source: BundleSource, out: string): Promise<Result<{ readonly size: number }>> {
  const files = await source.list();
  if (!files.ok) {
    return files;
  }
  const unfit = files.value.find((file) => !isBundlePath(file.path) || ustarHeader(file) === undefined);
  if (unfit !== undefined) {
    return fail(faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path: unfit.path }));
  }
  try {
    return ok({ size: await writeArchive(source, files.value, out) });
  } catch (error) {
    const problem = error instanceof Error ? error.message : "unknown problem";
    return fail(faultOf(bundleCodes, "EXPORT_FAILED", { path: out, problem }));
  }
}

/** Writes beside the file and moves it into place, so that a half-written archive is never taken for one. */
export async function writeArchive(source: BundleSource, files: readonly BundleFile[], out: string): Promise<number> {
  const draft = `${out}.${process.pid}.tmp`;
  const handle = await open(draft, "wx", 0o644);
  try {
    const sorted = files.toSorted((a, b) => compareArchived(a.path, b.path));
    const size = await writeTar(source, sorted, handle);
    await handle.sync();
    await handle.close();
    await rename(draft, out);
    return size;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
}

function isBundlePath(path: string): boolean {
  return path === MANIFEST_PATH || path === ATTESTATION_PATH || roleOf(path) !== undefined;
}

async function writeTar(source: BundleSource, files: readonly BundleFile[], handle: FileHandle): Promise<number> {
  let at = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    await writeAll(handle, bytes);
    at += bytes.length;
  };
  for (const file of files) {
    const header = ustarHeader(file);
    if (header === undefined) {
      throw new Error(`${file.path} does not fit into a tar`);
    }
    await write(header);
    const start = at;
    for await (const chunk of source.open(file.path)) {
      await write(chunk);
    }
    if (at - start !== file.size) {
      throw new Error(`${file.path} changed while it was read`);
    }
    await write(new Uint8Array(paddingOf(file.size)));
  }
  await write(new Uint8Array(2 * BLOCK));
  return at;
}
