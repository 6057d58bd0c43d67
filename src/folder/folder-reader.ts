import { realpathSync, statSync } from "node:fs";
import { basename } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { packCodes } from "#pack/codes.ts";
import type { FileEntry, TreeListing } from "#pack/pack-files.ts";
import type { FolderReader, FolderReading } from "#port/folder.ts";
import { folderCodes } from "./codes.ts";
import { checkName } from "./entry-name.ts";
import { hashFile } from "./hash-file.ts";
import { codeOf, problemOf, type Refusal } from "./refusal.ts";
import { walkFolder } from "./walk-folder.ts";

/** What lies in a pack's folder but is no part of the pack: the history of its repository, and packrun's own state. */
const NOT_OF_THE_PACK: ReadonlySet<string> = new Set([".git", ".packrun"]);
/** How many refusals a fault names beside the first. */
const NAMED = 5;

/** Reads trees and files of this machine. The path that is given may itself be a link; inside, none is followed. */
export function folderReader(): FolderReader {
  return { readPack, readTree, readFile };
}

async function readPack(root: string): Promise<Result<FolderReading<readonly FileEntry[]>>> {
  if (!isFolder(root)) {
    return fail(faultOf(packCodes, "PACK_FILE_MISSING", { path: root, problem: "is no folder" }));
  }
  const { listing, refusals } = await walkFolder(root, { omit: NOT_OF_THE_PACK, links: false });
  const files = listing.filter((entry): entry is FileEntry => entry.mode !== "link");
  const [first, ...others] = refusals;
  return first === undefined ? ok({ root, listing: files }) : fail(packFault(first, others));
}

async function readTree(root: string): Promise<Result<FolderReading>> {
  if (!isFolder(root)) {
    return fail(faultOf(folderCodes, "INPUT_FILE", { path: root, problem: "there is no such folder" }));
  }
  const { listing, refusals }: { listing: TreeListing; refusals: readonly Refusal[] } = await walkFolder(root, {
    omit: new Set(),
    links: true,
  });
  const [first, ...others] = refusals;
  if (first === undefined) {
    return ok({ root, listing });
  }
  const more = alsoRefused(others);
  return fail(faultOf(folderCodes, "INPUT_FILE", { ...first }, more === undefined ? {} : { hint: more }));
}

async function readFile(path: string): Promise<Result<{ readonly size: number; readonly sha256: string }>> {
  const refuse = (problem: string): Result<never> => fail(faultOf(folderCodes, "INPUT_FILE", { path, problem }));
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    return refuse(codeOf(error) === "ENOENT" ? "there is no such file" : problemOf(error));
  }
  const named = checkName(Buffer.from(basename(path)));
  if (!named.ok) {
    return refuse(named.problem);
  }
  const hashed = await hashFile(real);
  return hashed.ok ? ok({ size: hashed.file.size, sha256: hashed.file.sha256 }) : refuse(hashed.problem);
}

function packFault(first: Refusal, others: readonly Refusal[]): Fault {
  const more = alsoRefused(others);
  return faultOf(packCodes, "PACK_FILE_UNSAFE", { ...first }, more === undefined ? {} : { hint: more });
}

function alsoRefused(others: readonly Refusal[]): string | undefined {
  if (others.length === 0) {
    return undefined;
  }
  const named = others.slice(0, NAMED).map(({ path, problem }) => `"${path}": ${problem}`);
  const rest = others.length - named.length;
  return `also refused: ${named.join("; ")}${rest === 0 ? "" : `; and ${rest} more`}`;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
