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

export function rootViews(place: RootPlace): RootViews {
  const { etcFolder, emptyFile, seccompFiles } = place;
  const made = new Map<RootView["mode"], Made>();
  return (mode) => {
    const masks = place.masks();
    const asked = masks.join("\0");
    const known = made.get(mode);
    const now = performance.now();
    if (known?.asked === asked && now - known.lookedAt < FRESH_MS) {
      return known.root;
    }
    // What may change while a runner lives: mounts, and which of its files are there.
    const mountTable = readMountTable();
    const facts = [mountTable, asked, ...masks.map((path) => realOf(path) ?? "")].join("\0");
    const ask = { masks, etcFolder, emptyFile, seccompFile: seccompFiles[mode] };
    const root = known?.facts === facts ? known.root : rootFor(mode, { ...ask, mounts: parseMountTable(mountTable) });
    made.set(mode, { asked, facts, root, lookedAt: now });
    return root;
  };

  function rootFor(mode: RootView["mode"], ask: Parameters<typeof sealedRoot>[0]): Result<RootView> {
    return mode === "sealed" ? sealedRoot(ask) : restrictedRoot({ ...ask, credentials: credentialPaths(place.env) });
  }
}

type Made = {
  readonly asked: string;
  readonly facts: string;
  readonly root: Result<RootView>;
  /** On the clock of `performance`. */
  readonly lookedAt: number;
};

/**
 * For so many milliseconds what is to be hidden and the host's mounts are taken to be what they were. Reading those waits
 * for every sandbox that is being built meanwhile, and what is made ready ahead of its turn is up to a second old anyway.
 */
const FRESH_MS = 500;
