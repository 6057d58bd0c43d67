import type { Result } from "#fault/result.ts";
import { credentialPaths } from "./hidden-paths.ts";
import { realOf } from "./hidden-places.ts";
import { parseMountTable, readMountTable } from "./mount-table.ts";
import { restrictedRoot } from "./restricted-root.ts";
import type { RootView } from "./root-view.ts";
import { sealedRoot } from "./sealed-root.ts";

export type RootPlace = {
  readonly etcFolder: string;
  readonly emptyFile: string;
  readonly seccompFiles: Readonly<Record<RootView["mode"], string>>;
  /** Asked anew for each step: a run learns of more files that hold secrets. */
  readonly masks: () => readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** What a step of a mode sees of the host, as things are now; its mounts may be those of a moment ago. */
export type RootViews = (mode: RootView["mode"]) => Result<RootView>;

export function rootViews(place: RootPlace): RootViews {
  const { etcFolder, emptyFile, seccompFiles } = place;
  const made = new Map<RootView["mode"], Made>();
  const mountTables = new MountTables();
  return (mode) => {
    const masks = place.masks();
    const known = made.get(mode);
    const mountTable = mountTables.recent();
    // What may change while a runner lives: mounts, and which of its files are there.
    const facts = [mountTable, ...masks.map((path) => realOf(path) ?? "")].join("\0");
    if (known?.facts === facts) {
      return known.root;
    }
    const ask = { masks, mounts: parseMountTable(mountTable), etcFolder, emptyFile, seccompFile: seccompFiles[mode] };
    const root =
      mode === "sealed" ? sealedRoot(ask) : restrictedRoot({ ...ask, credentials: credentialPaths(place.env) });
    made.set(mode, { facts, root });
    return root;
  };
}

type Made = { readonly facts: string; readonly root: Result<RootView> };

/**
 * For so many milliseconds the host's mounts are taken to be what they were. Reading them waits for every sandbox that is
 * being built meanwhile, and what is made ready ahead of its turn is up to a second old anyway.
 */
const FRESH_MS = 500;

class MountTables {
  #text = "";
  /** On the clock of `performance`. */
  #readAt = Number.NEGATIVE_INFINITY;

  recent(): string {
    const now = performance.now();
    if (now - this.#readAt >= FRESH_MS) {
      this.#text = readMountTable();
      this.#readAt = now;
    }
    return this.#text;
  }
}
