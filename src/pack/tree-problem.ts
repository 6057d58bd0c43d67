import { compareUtf8 } from "#canon/utf8.ts";
import type { TreeListing } from "./pack-files.ts";
import { linkProblem } from "./tree-entry.ts";

/** Longest path that Linux takes, in code units; a longer one can only be an attack. */
const MAX_PATH = 4096;

/**
 * Why a listing that was read from storage must not be laid out in a folder; undefined when nothing of it can leave that
 * folder. Listings are bytes like any other artifact: a step can store whatever it likes and call it a directory.
 * 1. Paths are plain, relative and sorted by their bytes, so none comes twice.
 * 2. Nothing stands below a file or a link, so nothing is written through a link.
 * 3. Links climb with leading `..` only, and no higher than the root: a `..` behind a name could climb out of where
 *    another link leads.
 */
export function treeProblem(listing: TreeListing): string | undefined {
  const paths = new Set(listing.map(({ path }) => path));
  let before = "";
  for (const entry of listing) {
    const { path } = entry;
    if (!isPlainPath(path)) {
      return "a path in it is not plain and relative";
    }
    if (compareUtf8(before, path) >= 0) {
      return "its paths are not sorted, or one comes twice";
    }
    before = path;
    if (hasEntryAbove(path, paths)) {
      return "something stands below a file or a link";
    }
    if (entry.mode === "link" && linkProblem(path, entry.target) !== undefined) {
      return "a link in it leads out of the folder";
    }
  }
  return undefined;
}

function isPlainPath(path: string): boolean {
  const plain = (part: string): boolean => part !== "" && part !== "." && part !== "..";
  return path.length <= MAX_PATH && !path.includes("\0") && path.split("/").every(plain);
}

function hasEntryAbove(path: string, paths: ReadonlySet<string>): boolean {
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    if (paths.has(path.slice(0, slash))) {
      return true;
    }
  }
  return false;
}
