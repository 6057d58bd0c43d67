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

/** Finds paths that some file systems take for the same, whole or in a folder above them. What it costs grows with their length. */
export class PathTwins {
  readonly #spellings = { exact: new Names(), normal: new Names(), folded: new Names() };

  /** How this path collides with those that were added before it. */
  add(path: string): PathCode | undefined {
    const { exact, normal, folded } = this.#spellings;
    let above = { exact: 0, normal: 0, folded: 0 };
    for (const part of path.split("/")) {
      const composed = part.normalize("NFC");
      // Upper case first joins letters with more than one small form (ſ and s, ς and σ).
      const small = composed.toUpperCase().toLowerCase();
      const isNew = !exact.has(above.exact, part);
      const isSpelling = isNew && normal.has(above.normal, composed);
      const isCase = isNew && folded.has(above.folded, small);
      above = {
        exact: exact.idOf(above.exact, part),
        normal: normal.idOf(above.normal, composed),
        folded: folded.idOf(above.folded, small),
      };
      if (isSpelling || isCase) {
        return isSpelling ? "PACK_BUNDLE_PATH_UNICODE" : "PACK_BUNDLE_PATH_CASE";
      }
    }
    return undefined;
  }
}

/** Numbers what lies in folders that have numbers, so that no path is kept once for each folder above it. The root is 0. */
class Names {
  readonly #ids = new Map<string, number>();

  has(above: number, name: string): boolean {
    return this.#ids.has(`${above}/${name}`);
  }

  idOf(above: number, name: string): number {
    const key = `${above}/${name}`;
    const id = this.#ids.get(key) ?? this.#ids.size + 1;
    this.#ids.set(key, id);
    return id;
  }
}
