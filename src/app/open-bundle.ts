import { open, stat } from "node:fs/promises";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { folderSource } from "./bundle-folder.ts";
import { tarSource } from "./bundle-tar.ts";

export type OpenBundle = { readonly source: BundleSource; readonly close: () => Promise<void> };

/** A bundle by its path: a folder, or a tar file. Fault: BUNDLE_NOT_FOUND. */
export async function openBundle(path: string): Promise<Result<OpenBundle>> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      return ok({ source: folderSource(path), close: () => Promise.resolve() });
    }
    if (found.isFile()) {
      const handle = await open(path, "r");
      return ok({ source: tarSource(handle), close: () => handle.close() });
    }
  } catch {
    // Absent and unreadable paths are told in the same words.
  }
  return fail(faultOf(bundleCodes, "BUNDLE_NOT_FOUND", { path }));
}
