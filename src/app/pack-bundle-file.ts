import { open, stat } from "node:fs/promises";
import type { ArchiveSource } from "#bundle/archive.ts";
import { archiveCodes } from "#bundle/archive-codes.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { readStretch } from "./read-stretch.ts";

export type OpenPackBundle = { readonly source: ArchiveSource } & AsyncDisposable;

/** A pack bundle by its path. It is read where it lies, never unpacked. Fault: PACK_BUNDLE_NOT_FOUND. */
export async function openPackBundle(path: string): Promise<Result<OpenPackBundle>> {
  try {
    // Looked at first: opening a FIFO would wait for a writer.
    if ((await stat(path)).isFile()) {
      const handle = await open(path, "r");
      const { size } = await handle.stat();
      const source: ArchiveSource = { size, read: (start, length) => readStretch(handle, start, length) };
      return ok({ source, [Symbol.asyncDispose]: () => handle.close() });
    }
  } catch {
    // Absent and unreadable paths are told in the same words.
  }
  return fail(faultOf(archiveCodes, "PACK_BUNDLE_NOT_FOUND", { path }));
}
