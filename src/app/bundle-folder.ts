import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { MAX_BUNDLE_FILES, type BundleFile, type BundleSource } from "#verify/bundle-source.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { shown } from "#verify/shown.ts";
import { rawEntries } from "./raw-entries.ts";
import { readWhole } from "./read-stretch.ts";

/** A bundle as a folder. Links are never followed: anything but folders and regular files is refused. */
export function folderSource(root: string, limit: number = MAX_BUNDLE_FILES): BundleSource {
  return { list: () => listFolder(root, limit), open: (path) => readWhole(join(root, path)) };
}

type Walk = {
  readonly found: BundleFile[];
  /** How many more files, folders and all else there may be. */
  left: number;
  refused?: Fault;
};

/** Everything is counted first, so that what is said does not hang on the order in which a file system lists. */
async function listFolder(root: string, limit: number): Promise<Result<readonly BundleFile[]>> {
  const walked: Walk = { found: [], left: limit };
  if (!(await walk(root, "", walked))) {
    return fail(faultOf(bundleCodes, "BUNDLE_TOO_MANY", { limit }));
  }
  return walked.refused === undefined ? ok(walked.found) : fail(walked.refused);
}

/** False when there is more than any bundle has. */
async function walk(root: string, under: string, walked: Walk): Promise<boolean> {
  for await (const entry of rawEntries(join(root, under))) {
    const { name: bytes } = entry;
    const name = decodeUtf8(bytes);
    const path = `${under}${name ?? bytes.toString("latin1")}`;
    if (walked.left === 0) {
      return false;
    }
    walked.left -= 1;
    if (name === undefined || !(entry.isDirectory() || entry.isFile())) {
      walked.refused ??= faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path: shown(path) });
    } else if (entry.isFile()) {
      walked.found.push({ path, size: (await lstat(join(root, path))).size });
    } else if (!(await walk(root, `${path}/`, walked))) {
      return false;
    }
  }
  return true;
}
