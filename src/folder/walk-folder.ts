import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type BigIntStats,
} from "node:fs";
import { setImmediate } from "node:timers/promises";
import { decodeUtf8 } from "#canon/utf8.ts";
import { sortTree, type FileEntry, type LinkEntry, type TreeListing } from "#pack/pack-files.ts";
import { linkProblem, Siblings } from "#pack/tree-entry.ts";
import { checkName } from "./entry-name.ts";
import { hashFile, isSame, kindOf } from "./hash-file.ts";
import { problemOf, type Refusal } from "./refusal.ts";

export type WalkOptions = {
  /** Names that are left out at the root of the tree. */
  readonly omit: ReadonlySet<string>;
  /** True where relative links that stay inside are part of the tree. */
  readonly links: boolean;
};
export type Walk = { readonly listing: TreeListing; readonly refusals: readonly Refusal[] };

const MAX_DEPTH = 64;
/** Large files of one folder that are read at the same time. */
const CONCURRENCY = 4;
/** After this much work in one go, other work of the process gets its turn. */
const SLICE_MS = 10;

/**
 * Every file below `root`, sorted, and everything that cannot be taken. On Linux each name is opened relative to its
 * folder's own handle, so that a folder replaced by a link meanwhile leads nowhere else; elsewhere by its path, and a
 * folder that is not the one that was listed is refused.
 */
export async function walkFolder(root: string, options: WalkOptions): Promise<Walk> {
  const walker = new Walker(options);
  await walker.folder(Buffer.from(root), "", 0);
  return {
    listing: sortTree(walker.entries),
    refusals: walker.refusals.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path))),
  };
}

class Walker {
  readonly entries: (FileEntry | LinkEntry)[] = [];
  readonly refusals: Refusal[] = [];
  readonly #options: WalkOptions;
  #sliceEnd = 0;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** `place` is how to reach the folder, `path` what it is called in the listing (empty, or with a final `/`). */
  async folder(place: Buffer, path: string, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) {
      this.#refuse(path.slice(0, -1), `folders are nested deeper than ${MAX_DEPTH} levels`);
      return;
    }
    try {
      // The root may be given as a link; below it, none is followed.
      const noFollow = depth === 0 ? 0 : constants.O_NOFOLLOW;
      const fd = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | noFollow);
      try {
        const before = fstatSync(fd, { bigint: true });
        await this.#contents(hasProc ? Buffer.from(`/proc/self/fd/${fd}`) : place, path, depth);
        if (!isSame(before, fstatSync(fd, { bigint: true })) || !this.#isStill(place, before, depth)) {
          this.#refuse(path.slice(0, -1), "it changed while it was read");
        }
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      this.#refuse(path.slice(0, -1), problemOf(error));
    }
  }

  /** Where names are opened by path, the path must still lead to the folder that was opened. */
  #isStill(place: Buffer, before: BigIntStats, depth: number): boolean {
    return hasProc || depth === 0 || isSame(before, statOf(place));
  }

  async #contents(place: Buffer, path: string, depth: number): Promise<void> {
    const siblings = new Siblings();
    const folders: { readonly place: Buffer; readonly path: string }[] = [];
    const files: { readonly place: Buffer; readonly path: string }[] = [];
    for (const bytes of readdirSync(place, { encoding: "buffer" }).toSorted((a, b) => Buffer.compare(a, b))) {
      const checked = checkName(bytes);
      if (!checked.ok) {
        this.#refuse(`${path}${checked.shown}`, checked.problem);
        continue;
      }
      if (depth === 0 && this.#options.omit.has(checked.name)) {
        continue;
      }
      const at = { place: Buffer.concat([place, SLASH, bytes]), path: `${path}${checked.name}` };
      const twin = siblings.add(checked.name);
      if (twin !== undefined) {
        this.#refuse(at.path, twin);
        continue;
      }
      const stats = statOf(at.place);
      if (stats.isDirectory()) {
        folders.push(at);
      } else if (stats.isSymbolicLink() && this.#options.links) {
        this.#link(at.place, at.path);
      } else if (stats.isFile()) {
        files.push(at);
      } else {
        this.#refuse(at.path, `it is ${kindOf(stats)}`);
      }
    }
    await this.#files(files);
    for (const at of folders) {
      await this.folder(at.place, `${at.path}/`, depth + 1);
    }
  }

  async #files(files: readonly { readonly place: Buffer; readonly path: string }[]): Promise<void> {
    const queue = files.values();
    const work = async (): Promise<void> => {
      for (const { place, path } of queue) {
        const hashed = await hashFile(place);
        if (hashed.ok) {
          const { size, sha256, isExecutable } = hashed.file;
          this.entries.push({ path, mode: isExecutable ? "755" : "644", size, sha256 });
        } else {
          this.#refuse(path, hashed.problem);
        }
        await this.#breathe();
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, files.length) }, work));
  }

  #link(place: Buffer, path: string): void {
    const target = decodeUtf8(readlinkSync(place, { encoding: "buffer" }));
    const problem = linkProblem(path, target ?? "");
    if (target === undefined || problem !== undefined) {
      this.#refuse(path, problem ?? "");
    } else {
      this.entries.push({ path, mode: "link", target });
    }
  }

  async #breathe(): Promise<void> {
    const now = performance.now();
    if (now > this.#sliceEnd) {
      await setImmediate();
      this.#sliceEnd = performance.now() + SLICE_MS;
    }
  }

  #refuse(path: string, problem: string): void {
    this.refusals.push({ path: path === "" ? "." : path, problem });
  }
}

const SLASH = Buffer.from("/");
const hasProc = existsSync("/proc/self/fd");

function statOf(place: Buffer): BigIntStats {
  return lstatSync(place, { bigint: true });
}
