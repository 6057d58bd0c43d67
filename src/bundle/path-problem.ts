import { nameProblem } from "#pack/tree-entry.ts";
import type { archiveCodes } from "./archive-codes.ts";

type PathCode = Extract<keyof typeof archiveCodes, `PACK_BUNDLE_PATH_${string}`>;

/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file: devices are meant with any ending. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/** Why no entry and no file of a pack may have this path, on any system; undefined when it is plain and relative. */
export function pathProblem(path: string): PathCode | undefined {
  if (nameProblem(path) !== undefined) {
    return "PACK_BUNDLE_PATH_NUL";
  }
  if (/^(?:[A-Za-z]:|\\)|[\\:*?"<>|]/.test(path)) {
    return "PACK_BUNDLE_PATH_WINDOWS";
  }
  if (path.startsWith("/")) {
    return "PACK_BUNDLE_PATH_ABSOLUTE";
  }
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    return "PACK_BUNDLE_PATH_TRAVERSAL";
  }
  return parts.some((part) => WINDOWS_DEVICE.test(part) || /[. ]$/.test(part)) ? "PACK_BUNDLE_PATH_WINDOWS" : undefined;
}

/** Finds paths that some file systems take for the same, whole or in a folder above them. */
export class PathTwins {
  readonly #seen = new Set<string>();
  readonly #normal = new Set<string>();
  readonly #folded = new Set<string>();

  /** How this path collides with those that were added before it. */
  add(path: string): PathCode | undefined {
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      const above = this.#addOne(path.slice(0, end));
      if (above !== undefined) {
        return above;
      }
    }
    return this.#addOne(path);
  }

  #addOne(path: string): PathCode | undefined {
    if (this.#seen.has(path)) {
      return undefined;
    }
    this.#seen.add(path);
    const normal = path.normalize("NFC");
    // Upper case first joins letters with more than one small form (ſ and s, ς and σ).
    const folded = normal.toUpperCase().toLowerCase();
    const isSpelling = this.#normal.has(normal);
    const isCase = this.#folded.has(folded);
    this.#normal.add(normal);
    this.#folded.add(folded);
    return isSpelling ? "PACK_BUNDLE_PATH_UNICODE" : isCase ? "PACK_BUNDLE_PATH_CASE" : undefined;
  }
}
