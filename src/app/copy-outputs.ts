import { randomBytes } from "node:crypto";
import { lstat, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode, systemProblem } from "#fault/system-problem.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { RunState } from "#run/state.ts";
import type { Value } from "#run/value.ts";
import { stageTree, type StagedArtifacts } from "#step/stage-tree.ts";
import { makeFolder } from "./make-folder.ts";
import { userFileCodes } from "./user-file-codes.ts";

/** A run of which there are outputs, and the tenant whose artifacts they are. */
export type CopiedRun = Pick<RunState, "outputs"> & { readonly identity: Pick<RunIdentity, "tenantId"> };

/**
 * Copies the outputs of a finished run's pack below `folder`: files and folders under their names, values as JSON. What a
 * run put there before is replaced, whole or not at all; what anybody else put there stays. Faults: OUTPUT_OCCUPIED,
 * USER_FILE_WRITE, those of the artifact store.
 */
export async function copyOutputs(
  state: CopiedRun,
  folder: string,
  workplace: { readonly artifacts: StagedArtifacts },
): Promise<Result<void>> {
  const outputs = Object.entries(state.outputs ?? {});
  const free = await outputsFree(
    outputs.map(([name, value]) => fileNameOf(name, value)),
    folder,
  );
  if (!free.ok) {
    return free;
  }
  for (const [name, value] of outputs) {
    const path = join(folder, fileNameOf(name, value));
    const draft = join(folder, `.packrun-${randomBytes(6).toString("hex")}`);
    try {
      const copied = await copyValue(value, draft, state, workplace);
      if (!copied.ok) {
        return copied;
      }
      await rm(path, { recursive: true, force: true });
      await rename(draft, path);
    } catch (error) {
      return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file: path, problem: systemProblem(error) }));
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  return ok(undefined);
}

/**
 * Whether outputs of these names can go below `folder`, which is made. In their place may stand what an earlier run put
 * there, which nobody may write to; anything else is somebody's work.
 */
export async function outputsFree(names: readonly string[], folder: string): Promise<Result<void>> {
  try {
    await makeFolder(folder);
    for (const name of names) {
      const path = join(folder, name);
      if (!(await isFree(path))) {
        return fail(faultOf(userFileCodes, "OUTPUT_OCCUPIED", { file: path }));
      }
    }
    return ok(undefined);
  } catch (error) {
    return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file: folder, problem: systemProblem(error) }));
  }
}

const ANYBODY_WRITES = 0o222;

async function isFree(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  });
  if (found === undefined || found.isSymbolicLink()) {
    return found === undefined;
  }
  return found.isDirectory() ? allFromRun(path) : found.isFile() && (found.mode & ANYBODY_WRITES) === 0;
}

/** Files that are staged are read-only; links in an output are relative and have no mode of their own. */
async function allFromRun(folder: string): Promise<boolean> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory() || entry.isSymbolicLink()) {
      continue;
    }
    const { mode } = await lstat(join(entry.parentPath, entry.name));
    if ((mode & ANYBODY_WRITES) !== 0) {
      return false;
    }
  }
  return true;
}

function fileNameOf(name: string, value: Value): string {
  return value.type === "file" || value.type === "directory" ? name : `${name}.json`;
}

async function copyValue(
  value: Value,
  path: string,
  state: CopiedRun,
  workplace: { readonly artifacts: StagedArtifacts },
): Promise<Result<void>> {
  const { tenantId } = state.identity;
  if (value.type === "file") {
    return workplace.artifacts.stage(tenantId, value.digest, path, false);
  }
  if (value.type === "directory") {
    return stageTree(workplace.artifacts, tenantId, value.digest, path);
  }
  await writeFile(path, canonicalBytes(value.value), { mode: 0o444 });
  return ok(undefined);
}
