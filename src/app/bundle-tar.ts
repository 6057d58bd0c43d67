import type { FileHandle } from "node:fs/promises";
import { ATTESTATION_PATH, MANIFEST_PATH } from "#evidence/evidence-path.ts";
import { BLOCK, paddingOf, readUstarHeader, type TarEntry } from "#evidence/ustar.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { MAX_BUNDLE_FILES, type BundleSource } from "#verify/bundle-source.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { readExactly, readStretch } from "./read-stretch.ts";

type Placed = TarEntry & { readonly start: number };

/**
 * A bundle as a tar file: its headers are read once, in order and strictly, then files are read by their place.
 * Nothing is ever extracted.
 */
export function tarSource(handle: FileHandle, limit: number = MAX_BUNDLE_FILES): BundleSource {
  let reading: Promise<Result<ReadonlyMap<string, Placed>>> | undefined;
  const index = (): Promise<Result<ReadonlyMap<string, Placed>>> => {
    reading ??= readIndex(handle, limit).then((read) =>
      read.ok ? ok(new Map(read.value.map((entry) => [entry.path, entry]))) : read,
    );
    return reading;
  };
  return {
    list: async () => {
      const read = await index();
      return read.ok ? ok([...read.value.values()].map(({ path, size }) => ({ path, size }))) : read;
    },
    open: async function* open(path) {
      const read = await index();
      const entry = read.ok ? read.value.get(path) : undefined;
      if (entry === undefined) {
        throw new Error(`${path} is not in the archive`);
      }
      yield* readStretch(handle, entry.start, entry.size);
    },
  };
}

async function readIndex(handle: FileHandle, limit: number): Promise<Result<readonly Placed[]>> {
  const { size: length } = await handle.stat();
  const entries: Placed[] = [];
  let at = 0;
  for (;;) {
    if (at + BLOCK > length) {
      return bad(at, "it ends without two zero blocks");
    }
    const read = readUstarHeader(await readExactly(handle, new Uint8Array(BLOCK), at));
    if (read.kind === "bad") {
      return bad(at, read.problem);
    }
    if (read.kind === "zero") {
      return closeIndex(handle, at, length, entries);
    }
    const { path, size } = read.entry;
    const end = at + BLOCK + size;
    const disorder = entries.length === 0 ? undefined : disorderOf(entries[entries.length - 1]?.path ?? "", path);
    if (disorder !== undefined) {
      return bad(at, disorder);
    }
    if (end + paddingOf(size) > length) {
      return bad(at, `${path} is cut off`);
    }
    if (!(await isZero(handle, end, paddingOf(size)))) {
      return bad(end, `there are bytes between ${path} and the next file`);
    }
    if (entries.length === limit) {
      return fail(faultOf(bundleCodes, "BUNDLE_TOO_MANY", { limit }));
    }
    entries.push({ path, size, start: at + BLOCK });
    at = end + paddingOf(size);
  }
}

async function closeIndex(
  handle: FileHandle,
  at: number,
  length: number,
  entries: readonly Placed[],
): Promise<Result<readonly Placed[]>> {
  if (length !== at + 2 * BLOCK) {
    return bad(at, length < at + 2 * BLOCK ? "it ends without two zero blocks" : "something follows its end");
  }
  return (await isZero(handle, at, 2 * BLOCK)) ? ok(entries) : bad(at, "it does not end in two zero blocks");
}

/** Archives are written in one order, which also leaves no room for a name that comes twice. */
function disorderOf(before: string, path: string): string | undefined {
  if (before === path) {
    return `${path} comes twice`;
  }
  return compareArchived(before, path) < 0 ? undefined : `${path} is out of order`;
}

/** The order of an archive: the manifest, its attestation, then the rest by path bytes. */
export function compareArchived(a: string, b: string): number {
  return placeOf(a) - placeOf(b) || compareUtf8(a, b);
}

function placeOf(path: string): number {
  return path === MANIFEST_PATH ? 0 : path === ATTESTATION_PATH ? 1 : 2;
}

async function isZero(handle: FileHandle, at: number, length: number): Promise<boolean> {
  const bytes = await readExactly(handle, new Uint8Array(length), at);
  return bytes.every((byte) => byte === 0);
}

function bad(at: number, problem: string): Result<never> {
  return fail(faultOf(bundleCodes, "BUNDLE_TAR_INVALID", { at, problem }));
}
