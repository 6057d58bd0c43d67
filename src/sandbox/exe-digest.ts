import { createHash } from "node:crypto";
import { createReadStream, realpathSync, statSync, type BigIntStats } from "node:fs";
import { digestOfHex, type Digest } from "#canon/digest.ts";
import { INSIDE_PATH, inside } from "./root/inside.ts";
import type { RootView } from "./root/root-view.ts";

/** A program: its path inside the sandbox, and where the same file stands on the host. */
export type Program = { readonly path: string; readonly hostPath: string };

/**
 * The file that `argv[0]` will run; undefined when none is found. Only what stands in the pack or in what the step's
 * root shows is known to be the same inside and outside.
 */
export function findProgram(first: string, packFolder: string, shows: RootView["shows"]): Program | undefined {
  if (first.startsWith(`${inside.pack}/`)) {
    const hostPath = `${packFolder}${first.slice(inside.pack.length)}`;
    return isExecutable(hostPath) ? { path: first, hostPath } : undefined;
  }
  const candidates = first.includes("/") ? [first] : INSIDE_PATH.split(":").map((folder) => `${folder}/${first}`);
  for (const candidate of candidates) {
    const hostPath = isExecutable(candidate) ? resolved(candidate) : undefined;
    if (hostPath !== undefined && shows(hostPath)) {
      return { path: hostPath, hostPath };
    }
  }
  return undefined;
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && (found.mode & 0o111) !== 0;
}

/** Digests of programs, kept while device, inode, size and times of the file stay as they are. */
export class ExeDigests {
  readonly #known = new Map<string, Digest>();

  async of(hostPath: string): Promise<Digest> {
    const key = keyOf(statSync(hostPath, { bigint: true }));
    const known = this.#known.get(key);
    if (known !== undefined) {
      return known;
    }
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(hostPath, { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Uint8Array);
    }
    const digest = digestOfHex(hash.digest("hex"));
    if (keyOf(statSync(hostPath, { bigint: true })) === key) {
      this.#known.set(key, digest);
    }
    return digest;
  }
}

function keyOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}
