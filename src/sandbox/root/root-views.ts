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

/** What a step of a mode sees of the host, as things are now or were a moment ago. */
export type RootViews = (mode: RootView["mode"]) => Result<RootView>;

/**
 * For so many milliseconds the host is taken to be as it was when it was last looked at. Reading the table of mounts
 * waits for every sandbox that is being built meanwhile; and what is made ready ahead of its turn is up to a second old.
 */
const FRESH_MS = 100;

export function rootViews(place: RootPlace): RootViews {
  const { etcFolder, emptyFile, seccompFiles } = place;
  const made = new Map<RootView["mode"], Made>();
  return (mode) => {
    const masks = place.masks();
    const known = made.get(mode);
    const now = performance.now();
    const names = masks.join("\0");
    if (known?.names === names && now - known.seenAt < FRESH_MS) {
      return known.root;
    }
    const mountTable = readMountTable();
    // What may change while a runner lives: mounts, and which of its files are there.
    const facts = [mountTable, ...masks.map((path) => realOf(path) ?? "")].join("\0");
    const root = known?.facts === facts ? known.root : rootOf(mode, masks, mountTable);
    made.set(mode, { names, facts, seenAt: now, root });
    return root;
  };

  function rootOf(mode: RootView["mode"], masks: readonly string[], mountTable: string): Result<RootView> {
    const ask = { masks, mounts: parseMountTable(mountTable), etcFolder, emptyFile, seccompFile: seccompFiles[mode] };
    return mode === "sealed" ? sealedRoot(ask) : restrictedRoot({ ...ask, credentials: credentialPaths(place.env) });
  }
}

type Made = {
  readonly names: string;
  readonly facts: string;
  /** On the clock of `performance`. */
  readonly seenAt: number;
  readonly root: Result<RootView>;
};
