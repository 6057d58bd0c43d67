import { constants } from "node:fs";
import { lstat, open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BundleFile, BundleSource } from "#verify/bundle-source.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { shown } from "#verify/shown.ts";
import { readStretch } from "./read-stretch.ts";

/** A bundle as a folder. Links are never followed: anything but folders and regular files is refused. */
export function folderSource(root: string): BundleSource {
  return {
    list: async () => {
      const found: BundleFile[] = [];
      const walked = await walk(root, "", found);
      return walked.ok ? ok(found) : walked;
    },
    open: (path) => readWhole(join(root, path)),
  };
}

async function walk(root: string, under: string, found: BundleFile[]): Promise<Result<void>> {
  for (const entry of await readdir(join(root, under), { withFileTypes: true, encoding: "buffer" })) {
    const name = decodeUtf8(entry.name);
    const path = `${under}${name ?? entry.name.toString("latin1")}`;
    if (name === undefined) {
      return fail(faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path: shown(path) }));
    }
    if (entry.isDirectory()) {
      const walked = await walk(root, `${path}/`, found);
      if (!walked.ok) {
        return walked;
      }
    } else if (entry.isFile()) {
      found.push({ path, size: (await lstat(join(root, path))).size });
    } else {
      return fail(faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path }));
    }
  }
  return ok(undefined);
}

async function* readWhole(path: string): AsyncIterable<Uint8Array> {
  const handle: FileHandle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await handle.stat();
    yield* readStretch(handle, 0, size);
  } finally {
    await handle.close();
  }
}
