import { open, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PathTwins, pathProblem } from "#bundle/path-problem.ts";
import { MAX_PACK_FILES } from "#bundle/archive.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { BLOCK, paddingOf } from "#evidence/ustar.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode } from "#fault/system-problem.ts";
import { makeFolder } from "../make-folder.ts";
import { readExactly, readStretch } from "../read-stretch.ts";
import { writeAll } from "../write-all.ts";
import { uploadCodes } from "./upload-codes.ts";

type Entry = { readonly path: string; readonly size: number; readonly isFolder: boolean; readonly executable: boolean };

/**
 * Writes the plain files of a tar into an empty folder: regular files and folders of ustar (IEEE 1003.1), whoever made it.
 * Links, devices, extended headers, and names that lead out or collide anywhere are refused. Fault: UPLOAD_TAR.
 */
export async function unpackUpload(archive: FileHandle, folder: string): Promise<Result<void>> {
  const { size: length } = await archive.stat();
  const twins = new PathTwins();
  let files = 0;
  for (let at = 0; ;) {
    if (at + BLOCK > length) {
      return refuse("it is cut off");
    }
    const block = await readExactly(archive, new Uint8Array(BLOCK), at);
    if (block.every((byte) => byte === 0)) {
      return ok(undefined);
    }
    const entry = readHeader(block);
    if (typeof entry === "string") {
      return refuse(entry);
    }
    const { path, size, isFolder, executable } = entry;
    const start = at + BLOCK;
    at = start + size + paddingOf(size);
    if (path === "" && isFolder) {
      continue;
    }
    files += 1;
    if (pathProblem(path) !== undefined || files > MAX_PACK_FILES || at > length) {
      return refuse(at > length ? "it is cut off" : "it has a name that no pack may have, or too many files");
    }
    if (!isFolder) {
      if (twins.add(path) !== undefined) {
        return refuse("two of its names are the same on some system");
      }
      const written = await write(join(folder, path), executable ? 0o755 : 0o644, readStretch(archive, start, size));
      if (!written.ok) {
        return written;
      }
    }
  }
}

/** An entry, or what is wrong with its header. */
function readHeader(block: Uint8Array): Entry | string {
  const text = (from: number, to: number): string | undefined => {
    const field = block.subarray(from, to);
    const end = field.indexOf(0);
    return decodeUtf8(end === -1 ? field : field.subarray(0, end));
  };
  const octal = (from: number, to: number): number => {
    const [, digits] = /^ *([0-7]+) *$/.exec(text(from, to) ?? "") ?? [];
    return digits === undefined ? Number.NaN : Number.parseInt(digits, 8);
  };
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  const size = octal(124, 136);
  const mode = octal(100, 108);
  if (octal(148, 156) !== sum || !Number.isSafeInteger(size) || Number.isNaN(mode)) {
    return "it is no uncompressed tar";
  }
  const type = block[156] ?? 0;
  const isFolder = type === 0x35;
  if (type !== 0 && type !== 0x30 && !isFolder) {
    return "it holds something that is no plain file or folder, or extended headers";
  }
  const name = text(0, 100);
  const prefix = text(257, 262) === "ustar" && block[262] === 0 ? text(345, 500) : "";
  if (name === undefined || prefix === undefined || (isFolder && size !== 0)) {
    return "it has a name that is not UTF-8";
  }
  const whole = prefix === "" ? name : `${prefix}/${name}`;
  const path = (isFolder ? whole.replace(/\/+$/, "") : whole).replace(/^\.(?:\/|$)/, "");
  return { path, size, isFolder, executable: (mode & 0o100) !== 0 };
}

/** What a system says when the names of an archive, in a folder that was empty, stand in each other's way. */
const COLLISIONS: ReadonlySet<string> = new Set(["EEXIST", "ENOTDIR", "EISDIR"]);

async function write(path: string, mode: number, chunks: AsyncIterable<Uint8Array>): Promise<Result<void>> {
  try {
    await makeFolder(dirname(path), 0o755);
    await using handle = await open(path, "wx", 0o600);
    for await (const chunk of chunks) {
      await writeAll(handle, chunk);
    }
    await handle.chmod(mode);
    await handle.sync();
    return ok(undefined);
  } catch (error) {
    if (COLLISIONS.has(systemCode(error))) {
      return refuse("a name comes twice, or is both a file and a folder");
    }
    throw error;
  }
}

function refuse(problem: string): Result<never> {
  return fail(faultOf(uploadCodes, "UPLOAD_TAR", { problem }));
}
