import type { PackContent } from "#layout/pack-content.ts";
import { MAX_PACK_FILE, PACK_FILE } from "#pack/pack-files.ts";

/** What lies there belongs to no pack (SPEC, section 2), and would be left out when the pack is read from its folder. */
const LEFT_OUT: ReadonlySet<string> = new Set([".git", ".packrun"]);
/** Packs are read no deeper. */
const MAX_FOLDERS = 64;

/** Why these files can be no pack in a folder, whatever is in them. */
export function contentProblem({ listing }: Pick<PackContent, "listing">): string | undefined {
  const file = listing.find(({ path }) => path === PACK_FILE);
  if (file === undefined || file.size > MAX_PACK_FILE) {
    return file === undefined ? `it has no ${PACK_FILE}` : `${PACK_FILE} has ${file.size} bytes`;
  }
  const names = new Set(listing.map(({ path }) => path));
  for (const { path } of listing) {
    const [first = "", ...more] = path.split("/");
    if (LEFT_OUT.has(first)) {
      return `a file lies in ${first}, which is not part of packs`;
    }
    if (more.length > MAX_FOLDERS) {
      return `a file lies below more than ${MAX_FOLDERS} folders`;
    }
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      if (names.has(path.slice(0, end))) {
        return "a file is also a folder with others";
      }
    }
  }
  return undefined;
}
