import { closeSync, fstatSync, readlinkSync, readdirSync } from "node:fs";
import { decodeUtf8 } from "#canon/utf8.ts";
import { linkProblem, nameProblem, Siblings } from "#pack/tree-entry.ts";
import { openEntry } from "./open-inside.ts";

const MAX_DEPTH = 64;
const MAX_ENTRIES = 100_000;

/** An entry of a directory output; `size` is absent for links. */
export type TreeEntry =
  | { readonly path: string; readonly size: number; readonly executable: boolean }
  | { readonly path: string; readonly target: string };

export type TreeProblem = { readonly kind: "unsafe" | "tooLarge"; readonly why: string };

type Walk = {
  readonly device: number;
  readonly entries: TreeEntry[];
  /** Names so far; directories count, too. */
  count: number;
};

/** Everything below an open folder, or the first thing in it that cannot be taken. Closes nothing but what it opens. */
export function walkTree(folder: number): readonly TreeEntry[] | TreeProblem {
  const walk: Walk = { device: fstatSync(folder).dev, entries: [], count: 0 };
  return walkFolder(walk, folder, "", 1) ?? walk.entries;
}

function walkFolder(walk: Walk, folder: number, prefix: string, depth: number): TreeProblem | undefined {
  if (depth > MAX_DEPTH) {
    return { kind: "tooLarge", why: `it is deeper than ${MAX_DEPTH} folders` };
  }
  const siblings = new Siblings();
  for (const bytes of readdirSync(`/proc/self/fd/${folder}`, { encoding: "buffer" }).toSorted((a, b) => a.compare(b))) {
    const name = decodeUtf8(bytes);
    if (name === undefined) {
      return unsafe(`${prefix}${bytes.toString("latin1")}`, "its name is not valid UTF-8");
    }
    const path = `${prefix}${name}`;
    const wrong = nameProblem(name) ?? siblings.add(name);
    if (wrong !== undefined) {
      return unsafe(path, wrong);
    }
    walk.count += 1;
    if (walk.count > MAX_ENTRIES) {
      return { kind: "tooLarge", why: `it has more than ${MAX_ENTRIES} entries` };
    }
    const problem = walkEntry(walk, folder, bytes, path, depth);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

function walkEntry(walk: Walk, folder: number, name: Buffer, path: string, depth: number): TreeProblem | undefined {
  const opened = openEntry(folder, name, walk.device);
  switch (opened.kind) {
    case "missing":
      return unsafe(path, "it went away while it was read");
    case "unsafe":
      return unsafe(path, opened.why);
    case "link":
      return addLink(walk, folder, name, path);
    case "file":
      closeSync(opened.fd);
      walk.entries.push({ path, size: opened.size, executable: opened.executable });
      return undefined;
    case "directory":
      try {
        return walkFolder(walk, opened.fd, `${path}/`, depth + 1);
      } finally {
        closeSync(opened.fd);
      }
  }
}

function addLink(walk: Walk, folder: number, name: Buffer, path: string): TreeProblem | undefined {
  const bytes = readlinkSync(Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name]), { encoding: "buffer" });
  const target = decodeUtf8(bytes);
  const problem = linkProblem(path, target ?? "");
  if (target === undefined || problem !== undefined) {
    return unsafe(path, problem ?? "");
  }
  walk.entries.push({ path, target });
  return undefined;
}

/** Names are shown as JSON with everything invisible escaped, so that nothing in them reaches a terminal. */
function unsafe(path: string, why: string): TreeProblem {
  const shown = JSON.stringify(path).replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
  return { kind: "unsafe", why: `${shown}: ${why}` };
}
