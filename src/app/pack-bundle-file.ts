import { open, stat } from "node:fs/promises";
import { archiveSource, type ArchiveSource } from "#bundle/archive.ts";
import { archiveCodes } from "#bundle/archive-codes.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { layoutFolder } from "./layout-folder.ts";
import { readStretch } from "./read-stretch.ts";

export type OpenPackBundle = {
  readonly source: BundleSource;
  /** The bytes of the archive; absent for a folder. */
  readonly archive?: ArchiveSource;
} & AsyncDisposable;

/** A pack bundle by its path, an archive or a folder. It is read where it lies, never unpacked. Fault: PACK_BUNDLE_NOT_FOUND. */
export async function openPackBundle(path: string): Promise<Result<OpenPackBundle>> {
  try {
    // Looked at first: opening a FIFO would wait for a writer.
    const found = await stat(path);
    if (found.isDirectory()) {
      return ok({ source: layoutFolder(path), [Symbol.asyncDispose]: () => Promise.resolve() });
    }
    if (found.isFile()) {
      const handle = await open(path, "r");
      const { size } = await handle.stat();
      const archive: ArchiveSource = { size, read: (start, length) => readStretch(handle, start, length) };
      return ok({ source: archiveSource(archive), archive, [Symbol.asyncDispose]: () => handle.close() });
    }
  } catch {
    // Absent and unreadable paths are told in the same words.
  }
  return fail(faultOf(archiveCodes, "PACK_BUNDLE_NOT_FOUND", { path }));
}
