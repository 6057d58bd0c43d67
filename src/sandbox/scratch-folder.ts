import { chmodSync, lstatSync, mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { sandboxCodes } from "./codes.ts";
import { ownerName } from "./watch/process-identity.ts";

/** Others may pass through (a step's user has to reach what is mounted), nobody but the owner may list or write. */
const PASSABLE = 0o711;

/** Where runners of this user keep what steps work in: on disk, and reachable by the users that steps run as. */
export function scratchFolder(): string {
  return `/var/tmp/packrun-${process.getuid?.() ?? 0}`;
}

/** Makes the folder, or checks that what stands there is a folder of this user that nobody else can write. */
function makeScratch(path: string): Result<string> {
  try {
    mkdirSync(path, { recursive: true, mode: PASSABLE });
    const found = lstatSync(path);
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
      return fail(unusable(path, "it is no folder of this user, or others may write to it"));
    }
    if ((found.mode & 0o777) !== PASSABLE) {
      chmodSync(path, PASSABLE);
    }
    return ok(path);
  } catch (error) {
    return fail(unusable(path, error instanceof Error ? error.message : "it cannot be made"));
  }
}

/** The folder of this process in the scratch folder; its name tells a later janitor whose it is. */
export function ownFolder(scratch: string): Result<string> {
  const made = makeScratch(scratch);
  if (!made.ok) {
    return made;
  }
  const path = join(scratch, ownerName());
  mkdirSync(path, { recursive: true });
  chmodSync(path, PASSABLE);
  return ok(path);
}

/**
 * A fresh, empty folder for files that steps will see. It lies where their users can reach it and is removed by a later
 * janitor if this process dies without removing it.
 */
export function makeWorkspaceFolder(scratch: string): Result<string> {
  const own = ownFolder(scratch);
  if (!own.ok) {
    return own;
  }
  const path = mkdtempSync(join(own.value, "workspace-"));
  chmodSync(path, PASSABLE);
  return ok(path);
}

function unusable(path: string, problem: string): ReturnType<typeof faultOf> {
  const remedy = `remove ${path} if it is not yours, or choose another scratch folder`;
  return faultOf(sandboxCodes, "SANDBOX_UNAVAILABLE", { problem: `${path} cannot be used: ${problem}`, remedy });
}
