import { closeSync, fstatSync, readlinkSync, readdirSync } from "node:fs";
import { decodeUtf8 } from "#canon/utf8.ts";
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
  /** Spellings seen so far, folded; directories count, too. */
  readonly seen: Set<string>;
};

/** Everything below an open folder, or the first thing in it that cannot be taken. Closes nothing but what it opens. */
export function walkTree(folder: number): readonly TreeEntry[] | TreeProblem {
  const walk: Walk = { device: fstatSync(folder).dev, entries: [], seen: new Set() };
  return walkFolder(walk, folder, "", 1) ?? walk.entries;
}

function walkFolder(walk: Walk, folder: number, prefix: string, depth: number): TreeProblem | undefined {
  if (depth > MAX_DEPTH) {
    return { kind: "tooLarge", why: `it is deeper than ${MAX_DEPTH} folders` };
  }
  for (const bytes of readdirSync(`/proc/self/fd/${folder}`, { encoding: "buffer" }).toSorted((a, b) => a.compare(b))) {
    const name = decodeUtf8(bytes);
    if (name === undefined || !isPlainName(name)) {
      return unsafe(`${prefix}${bytes.toString("latin1")}`, "the name is not plain text");
    }
    const path = `${prefix}${name}`;
    const folded = path.normalize("NFC").toLowerCase();
    if (walk.seen.has(folded)) {
      return unsafe(path, "another name differs only in case or normal form");
    }
    walk.seen.add(folded);
    if (walk.seen.size > MAX_ENTRIES) {
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
      return addLink(walk, folder, name, path, depth);
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

function addLink(walk: Walk, folder: number, name: Buffer, path: string, depth: number): TreeProblem | undefined {
  const bytes = readlinkSync(Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name]), { encoding: "buffer" });
  const target = decodeUtf8(bytes);
  if (target === undefined || !target.split("/").every(isPlainName) || !staysInside(target, depth - 1)) {
    return unsafe(path, "it is a symbolic link that leaves the folder");
  }
  walk.entries.push({ path, target });
  return undefined;
}

/**
 * Only leading `..` are allowed: those climb real folders, while one behind a name could climb out of where another
 * link leads. `above` is how many folders lie between the link and the root of the tree.
 */
function staysInside(target: string, above: number): boolean {
  const parts = target.split("/").filter((part) => part !== "." && part !== "");
  const climbs = parts.findIndex((part) => part !== "..");
  const leading = climbs < 0 ? parts.length : climbs;
  return !target.startsWith("/") && target !== "" && leading <= above && !parts.slice(leading).includes("..");
}

/** No control characters, no line or paragraph separators, nothing that changes the direction of text. */
function isPlainName(name: string): boolean {
  return !/[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u.test(name);
}

/** Names are shown as JSON with everything invisible escaped, so that nothing in them reaches a terminal. */
function unsafe(path: string, why: string): TreeProblem {
  const shown = JSON.stringify(path).replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
  return { kind: "unsafe", why: `${shown}: ${why}` };
}
