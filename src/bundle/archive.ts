import { decodeUtf8 } from "#canon/utf8.ts";
import { BLOCK, paddingOf, readUstarHeader, type TarEntry } from "#evidence/ustar.ts";
import { faultOf } from "#fault/code-table.ts";
import type { FaultData } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { archiveCodes } from "./archive-codes.ts";
import { pathProblem } from "./path-problem.ts";

/** A file of this many bytes; `read` gives a stretch of it, in chunks that are valid until the next one is asked for. */
export type ArchiveSource = {
  readonly size: number;
  readonly read: (start: number, size: number) => AsyncIterable<Uint8Array>;
};

/** An entry and where its bytes begin. */
type ArchiveEntry = TarEntry & { readonly start: number };

export const LAYOUT_PATH = "oci-layout";
export const INDEX_PATH = "index.json";
const BLOB = /^blobs\/sha256\/[0-9a-f]{64}$/;

/** Files of a pack that a bundle may hold. The image manifest, the SBOM and its attestation then stay far below 32 MiB. */
export const MAX_PACK_FILES = 20_000;
/** With them: the two fixed files, nine manifests, their nine documents and the empty configuration. @public */
export const MAX_ENTRIES: number = MAX_PACK_FILES + 32;

/**
 * The entries of a pack bundle, in the one order that they may have: `oci-layout`, `index.json`, blobs by their digest.
 * Only headers are read; nothing is extracted. Memory is bounded by MAX_ENTRIES, whatever the file says. Faults: those of
 * `archiveCodes`. @public
 */
export async function readArchive(source: ArchiveSource): Promise<Result<readonly ArchiveEntry[]>> {
  const entries: ArchiveEntry[] = [];
  let at = 0;
  for (;;) {
    if (at + BLOCK > source.size) {
      return refuse("PACK_BUNDLE_TRUNCATED", { at });
    }
    const header = readHeader(await readBytes(source, at, BLOCK), at);
    if (!header.ok) {
      return header;
    }
    if (header.value === "end") {
      return closeArchive(source, at, entries);
    }
    const placed = await placeEntry(source, header.value, at, entries);
    if (!placed.ok) {
      return placed;
    }
    if (entries.length === MAX_ENTRIES) {
      return refuse("PACK_BUNDLE_TOO_MANY", { limit: MAX_ENTRIES });
    }
    entries.push(placed.value);
    at = placed.value.start + placed.value.size + paddingOf(placed.value.size);
  }
}

/** A pack bundle in one file, whose headers are read once. `list` has the faults of `archiveCodes`. */
export function archiveSource(file: ArchiveSource): BundleSource {
  let reading: Promise<Result<ReadonlyMap<string, ArchiveEntry>>> | undefined;
  const index = (): Promise<Result<ReadonlyMap<string, ArchiveEntry>>> => {
    reading ??= readArchive(file).then((read) =>
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
      yield* file.read(entry.start, entry.size);
    },
  };
}

/** A stretch as one piece; callers bound its size. Throws when the file became shorter. */
async function readBytes(source: ArchiveSource, start: number, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let done = 0;
  for await (const chunk of source.read(start, size)) {
    bytes.set(chunk, done);
    done += chunk.length;
  }
  return bytes;
}

const LINKS = new Set(["1", "2"]);
/** pax (POSIX.1-2001), GNU tar, and the same of star and Solaris. */
const EXTENSIONS = new Set(["g", "x", "X", "A", "D", "E", "I", "K", "L", "M", "N", "S", "V"]);

function readHeader(block: Uint8Array, at: number): Result<TarEntry | "end"> {
  if (block.every((byte) => byte === 0)) {
    return ok("end");
  }
  const type = String.fromCharCode(block[156] ?? 0);
  if (LINKS.has(type)) {
    return refuse("PACK_BUNDLE_LINK", { entry: `the entry at byte ${at}` });
  }
  if (EXTENSIONS.has(type)) {
    return refuse("PACK_BUNDLE_EXTENDED_HEADER", { at });
  }
  if (type !== "0") {
    return refuse("PACK_BUNDLE_ENTRY_TYPE", {
      entry: `the entry at byte ${at}`,
      problem: `its type is "${shown(type)}"`,
    });
  }
  const named = checkName(block);
  if (!named.ok) {
    return named;
  }
  const read = readUstarHeader(block);
  if (read.kind === "file" && isEntryPath(read.entry.path)) {
    return ok(read.entry);
  }
  if (read.kind === "file") {
    return refuse("PACK_BUNDLE_HEADER", { at, problem: "its name goes on in the field for prefixes" });
  }
  return refuse("PACK_BUNDLE_HEADER", { at, problem: read.kind === "bad" ? read.problem : "it is empty" });
}

/** The name of a header, whatever the rest of it says: of the ways in which it can be foreign, the worst is told. */
function checkName(block: Uint8Array): Result<void> {
  const field = block.subarray(0, 100);
  const end = field.indexOf(0);
  if (end !== -1 && field.subarray(end).some((byte) => byte !== 0)) {
    return refuse("PACK_BUNDLE_PATH_NUL");
  }
  return checkEntryName(decodeUtf8(end === -1 ? field : field.subarray(0, end)));
}

/** Whether an entry may have this name; undefined is one that is not UTF-8. Faults: PACK_BUNDLE_PATH_*. */
export function checkEntryName(name: string | undefined): Result<void> {
  if (name === undefined) {
    return refuse("PACK_BUNDLE_PATH_FOREIGN", { path: "a name that is not UTF-8" });
  }
  const problem = pathProblem(name) ?? (isEntryPath(name) ? undefined : foreignCode(name));
  return problem === undefined ? ok(undefined) : refuse(problem, { path: shown(name) });
}

function foreignCode(name: string) {
  if (isEntryPath(name.normalize("NFKC"))) {
    return "PACK_BUNDLE_PATH_UNICODE";
  }
  return isEntryPath(name.toLowerCase()) ? "PACK_BUNDLE_PATH_CASE" : "PACK_BUNDLE_PATH_FOREIGN";
}

function isEntryPath(path: string): boolean {
  return path === LAYOUT_PATH || path === INDEX_PATH || BLOB.test(path);
}

async function placeEntry(
  source: ArchiveSource,
  { path, size }: TarEntry,
  at: number,
  before: readonly ArchiveEntry[],
): Promise<Result<ArchiveEntry>> {
  const start = at + BLOCK;
  const last = before.at(-1)?.path;
  if (last === undefined ? path !== LAYOUT_PATH : placeOf(path) < placeOf(last) || (isBlob(last) && path <= last)) {
    const isTwice = before.some((entry) => entry.path === path);
    return refuse(isTwice ? "PACK_BUNDLE_DUPLICATE" : "PACK_BUNDLE_ORDER", { path });
  }
  if (last === path) {
    return refuse("PACK_BUNDLE_DUPLICATE", { path });
  }
  const end = start + size;
  if (end + paddingOf(size) > source.size) {
    return refuse("PACK_BUNDLE_TRUNCATED", { at: source.size });
  }
  const padding = await readBytes(source, end, paddingOf(size));
  return padding.every((byte) => byte === 0) ? ok({ path, size, start }) : refuse("PACK_BUNDLE_PADDING", { at: end });
}

function isBlob(path: string): boolean {
  return BLOB.test(path);
}

function placeOf(path: string): number {
  return path === LAYOUT_PATH ? 0 : path === INDEX_PATH ? 1 : 2;
}

async function closeArchive(
  source: ArchiveSource,
  at: number,
  entries: readonly ArchiveEntry[],
): Promise<Result<readonly ArchiveEntry[]>> {
  const end = at + 2 * BLOCK;
  if (source.size < end) {
    return refuse("PACK_BUNDLE_TRUNCATED", { at: source.size });
  }
  const second = await readBytes(source, at + BLOCK, BLOCK);
  return source.size > end || second.some((byte) => byte !== 0)
    ? refuse("PACK_BUNDLE_TRAILING", { at: at + BLOCK })
    : ok(entries);
}

/** Printable, and short: names come from the file. */
function shown(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 120);
}

function refuse(code: keyof typeof archiveCodes, data: FaultData = {}): Result<never> {
  return fail(faultOf(archiveCodes, code, data));
}
