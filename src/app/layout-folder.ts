import type { Dirent } from "node:fs";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { checkEntryName, INDEX_PATH, LAYOUT_PATH, MAX_ENTRIES } from "#bundle/archive.ts";
import { archiveCodes } from "#bundle/archive-codes.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BundleFile, BundleSource } from "#verify/bundle-source.ts";
import { rawEntries } from "./raw-entries.ts";
import { readWhole } from "./read-stretch.ts";

/** The folders of a layout: only these are looked into. */
const FOLDERS: ReadonlySet<string> = new Set(["blobs", "blobs/sha256"]);

/** Something below the folder of a layout. `bytes` is its path as the file system has it. */
type Found = { readonly bytes: Buffer; readonly entry: Dirent<Buffer> };

/** A pack bundle as a folder with the layout of its archive. Links are never followed. `list` has the faults of `archiveCodes`. */
export function layoutFolder(root: string): BundleSource {
  return { list: () => listLayout(root), open: (path) => readWhole(join(root, path)) };
}

async function listLayout(root: string): Promise<Result<readonly BundleFile[]>> {
  const found: Found[] = [];
  if (!(await walk(root, "", found))) {
    return fail(faultOf(archiveCodes, "PACK_BUNDLE_TOO_MANY", { limit: MAX_ENTRIES }));
  }
  const files: BundleFile[] = [];
  for (const { bytes, entry } of found.toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))) {
    const path = decodeUtf8(bytes);
    const taken = checkKind(entry, path ?? bytes.toString("latin1"));
    const named = !taken.ok || !entry.isFile() ? taken : checkEntryName(path);
    if (!named.ok) {
      return named;
    }
    if (entry.isFile() && path !== undefined) {
      files.push({ path, size: (await lstat(join(root, path))).size });
    }
  }
  return ok(files.toSorted((a, b) => placeOf(a.path) - placeOf(b.path)));
}

/** False when there is more than any layout has. */
async function walk(root: string, under: string, found: Found[]): Promise<boolean> {
  for await (const entry of rawEntries(join(root, under))) {
    const bytes = Buffer.concat([Buffer.from(under), entry.name]);
    found.push({ bytes, entry });
    if (found.length > MAX_ENTRIES + FOLDERS.size) {
      return false;
    }
    const path = bytes.toString("latin1");
    if (entry.isDirectory() && FOLDERS.has(path) && !(await walk(root, `${path}/`, found))) {
      return false;
    }
  }
  return true;
}

function checkKind(entry: Dirent<Buffer>, path: string): Result<void> {
  const shown = path.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 120);
  if (entry.isSymbolicLink()) {
    return fail(faultOf(archiveCodes, "PACK_BUNDLE_LINK", { entry: shown }));
  }
  const isFolder = entry.isDirectory() && FOLDERS.has(path);
  const problem = entry.isDirectory() ? "it is a folder" : "it is a device, a socket or a FIFO";
  return entry.isFile() || isFolder
    ? ok(undefined)
    : fail(faultOf(archiveCodes, "PACK_BUNDLE_ENTRY_TYPE", { entry: shown, problem }));
}

function placeOf(path: string): number {
  return path === LAYOUT_PATH ? 0 : path === INDEX_PATH ? 1 : 2;
}
