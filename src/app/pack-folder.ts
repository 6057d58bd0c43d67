import { lstat, readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { toHex } from "#canon/bytes.ts";
import type { Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { packCodes } from "#pack/codes.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { PACK_FILE } from "#pack/pack-files.ts";
import type { FolderReader } from "#port/folder.ts";
import type { InspectModule } from "#port/policy-engine.ts";
import { appCodes } from "./codes.ts";

/** The folder of a pack as it was read: a listing of everything in it, and the bytes of its `pack.yaml`. */
export type PackFolder = {
  readonly folder: string;
  /** `pack.yaml` as messages show it: by the path that was given. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly listing: readonly FileEntry[];
};

/** Where the text of a pack stands. */
export function packFileIn(folder: string): string {
  return join(folder, PACK_FILE);
}

export type PackPorts = {
  readonly folders: FolderReader;
  readonly sha256: Sha256;
  readonly inspectModule: InspectModule;
};

/**
 * Reads the folder that a PACK argument names: the folder itself, or the `pack.yaml` in it.
 * Faults: PACK_FILE_MISSING, PACK_FILE_UNSAFE, INPUT_CHANGED.
 */
export async function readPackFolder(pack: string, cwd: string, ports: PackPorts): Promise<Result<PackFolder>> {
  const place = await placeOf(pack, cwd);
  if (!place.ok) {
    return place;
  }
  const { folder, file } = place.value;
  const reading = await ports.folders.readPack(folder);
  if (!reading.ok) {
    return reading;
  }
  const { listing } = reading.value;
  const bytes = await readPackFile(folder, PACK_FILE, listing, ports.sha256);
  return bytes.ok ? ok({ folder, file, bytes: bytes.value, listing }) : bytes;
}

/** The bytes of a file of the pack, which are those that its listing names. Faults: PACK_FILE_MISSING, INPUT_CHANGED. */
export async function readPackFile(
  folder: string,
  path: string,
  listing: readonly FileEntry[],
  sha256: Sha256,
): Promise<Result<Uint8Array>> {
  const listed = listing.find((entry) => entry.path === path);
  if (listed === undefined) {
    return fail(faultOf(packCodes, "PACK_FILE_MISSING", { path, problem: "is not in the folder" }));
  }
  try {
    const bytes = await readFile(join(folder, path));
    return toHex(sha256(bytes)) === listed.sha256
      ? ok(bytes)
      : fail(faultOf(appCodes, "INPUT_CHANGED", { what: `${path} of the pack` }));
  } catch {
    return fail(faultOf(appCodes, "INPUT_CHANGED", { what: `${path} of the pack` }));
  }
}

async function placeOf(pack: string, cwd: string): Promise<Result<{ readonly folder: string; readonly file: string }>> {
  const path = resolve(cwd, pack);
  const missing = (problem: string): Result<never> =>
    fail(faultOf(packCodes, "PACK_FILE_MISSING", { path: pack, problem }, { hint: HINT }));
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    return missing("is not there");
  }
  if (found.isDirectory()) {
    // Asked before everything in the folder is read: it may be anything, a whole home included.
    const isPack = await lstat(join(path, PACK_FILE)).catch(() => undefined);
    if (isPack === undefined) {
      const shown = join(pack, PACK_FILE);
      return fail(
        faultOf(packCodes, "PACK_FILE_MISSING", { path: shown, problem: "is not there" }, { hint: NO_PACK_HINT }),
      );
    }
    return ok({ folder: path, file: isAbsolute(pack) ? join(path, PACK_FILE) : join(pack, PACK_FILE) });
  }
  return basename(path) === PACK_FILE ? ok({ folder: dirname(path), file: pack }) : missing(`is no ${PACK_FILE}`);
}

const NO_PACK_HINT = "name the folder of a pack; `packrun init DIR` writes one to begin with";
const HINT = "name the folder of a pack, or the pack.yaml in it";
