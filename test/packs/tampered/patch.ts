import { deltaOf, undelta, type Delta } from "./delta.ts";
import type { Odd, Site } from "./tampered-case.ts";

type FileChange =
  | { readonly file: string; readonly op: "edit"; readonly delta: Delta }
  | { readonly file: string; readonly op: "add"; readonly delta: Delta }
  | { readonly file: string; readonly op: "delete" }
  | { readonly file: string; readonly op: "link"; readonly target: string }
  | { readonly file: string; readonly op: "fifo" };
/** An input as it is kept: an original, and what was done to it. */
export type Patch = { readonly base: "folder" | "archive"; readonly changes: readonly FileChange[] };

const NOTHING = new Uint8Array();
const isOdd = (entry: Uint8Array | Odd): entry is Odd => !(entry instanceof Uint8Array);

/** What makes one site of another. */
export function patchOf(base: Patch["base"], before: Site, after: Site): Patch {
  const deleted = [...before.keys()]
    .filter((file) => !after.has(file))
    .map((file) => ({ file, op: "delete" as const }));
  const changed = [...after].flatMap(([file, entry]): readonly FileChange[] => {
    if (isOdd(entry)) {
      return ["link" in entry ? { file, op: "link", target: entry.link } : { file, op: "fifo" }];
    }
    const old = before.get(file);
    if (old === undefined || isOdd(old)) {
      return [{ file, op: "add", delta: deltaOf(NOTHING, entry) }];
    }
    return Buffer.compare(old, entry) === 0 ? [] : [{ file, op: "edit", delta: deltaOf(old, entry) }];
  });
  return { base, changes: [...deleted, ...changed] };
}

export function applyPatch({ changes }: Patch, before: Site): Site {
  const site = new Map(before);
  for (const change of changes) {
    const { file } = change;
    const old = site.get(file) ?? NOTHING;
    switch (change.op) {
      case "edit":
      case "add":
        site.set(file, undelta(change.op === "add" || isOdd(old) ? NOTHING : old, change.delta));
        break;
      case "delete":
        site.delete(file);
        break;
      case "link":
        site.set(file, { link: change.target });
        break;
      case "fifo":
        site.set(file, { fifo: true });
        break;
    }
  }
  return site;
}
