import type { Json } from "#canon/json.ts";
import { memberAt } from "#canon/member-at.ts";
import type { PathPart } from "#canon/shape.ts";

/**
 * What is not known of a pack because something is wrong with it. Whoever looks at the rest asks before saying that
 * something is missing, or is not as it should be: it may be so only for what is wrong elsewhere.
 */
export type Doubts = {
  /** Whether what should stand at `path` is wrong as a whole, or is a part of what is. */
  readonly cover: (path: readonly PathPart[]) => boolean;
  /** The same, or whether something is wrong with a part of it. */
  readonly touch: (path: readonly PathPart[]) => boolean;
  /**
   * Whether a name stands in a part that is wrong, as a member's or as a value: what bears it may be there unseen. Names
   * that differ in case and punctuation only count as one, for `dry-run` may be corrected to `dryRun`.
   */
  readonly mayBe: (name: string) => boolean;
};

export const NO_DOUBTS: Doubts = { cover: () => false, touch: () => false, mayBe: () => false };

/** Doubts that grow. `named` false: what is wrong there names only what is certainly not declared. */
export type GrowingDoubts = Doubts & { readonly doubt: (path: readonly PathPart[], named?: boolean) => void };

/** Longer than every name. */
const MAX_NAME = 64;

type Spot = { wrong: boolean; readonly parts: Map<PathPart, Spot> };

/** `value` is the document that the paths lead through. What all doubts cost together is linear in it and in the paths. */
export function growingDoubts(value: Json): GrowingDoubts {
  const root: Spot = { wrong: false, parts: new Map() };
  const names = new Set<string>();
  const seen = new Set<Json>();
  return {
    doubt: (path, named = true) => {
      let spot = root;
      for (const part of path) {
        const next = spot.parts.get(part) ?? { wrong: false, parts: new Map() };
        spot.parts.set(part, next);
        spot = next;
      }
      spot.wrong = true;
      if (named) {
        collectName(path.at(-1), names);
        collectNames(memberAt(value, path) as Json | undefined, names, seen);
      }
    },
    cover: (path) => find(root, path).wrong,
    touch: (path) => {
      const { wrong, parts } = find(root, path);
      // Spots are made only on the way to something wrong.
      return wrong || parts.size > 0;
    },
    mayBe: (name) => names.has(foldName(name)),
  };
}

const NOTHING_WRONG: Spot = { wrong: false, parts: new Map() };

/** The spot at a path, or the first wrong one on the way to it. */
function find(root: Spot, path: readonly PathPart[]): Spot {
  let spot = root;
  for (const part of path) {
    if (spot.wrong) {
      return spot;
    }
    spot = spot.parts.get(part) ?? NOTHING_WRONG;
  }
  return spot;
}

function collectNames(value: Json | undefined, names: Set<string>, seen: Set<Json>): void {
  if (typeof value === "string") {
    collectName(value, names);
  } else if (typeof value === "object" && value !== null && !seen.has(value)) {
    seen.add(value);
    for (const [name, member] of Object.entries(value)) {
      collectName(Array.isArray(value) ? undefined : name, names);
      collectNames(member, names, seen);
    }
  }
}

function collectName(name: PathPart | undefined, names: Set<string>): void {
  const folded = typeof name === "string" && name.length <= MAX_NAME ? foldName(name) : "";
  if (folded !== "") {
    names.add(folded);
  }
}

function foldName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}
