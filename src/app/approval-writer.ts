import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ustarHeader } from "#evidence/ustar.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import { systemCode, systemProblem } from "#fault/system-problem.ts";
import type { BundleFile, BundleSource } from "#verify/bundle-source.ts";
import { writeArchive } from "./export-evidence.ts";
import { makeFolder } from "./make-folder.ts";
import { userFileCodes } from "./user-file-codes.ts";
import { writeAll } from "./write-all.ts";

/**
 * Writes an approval folder: one deterministic archive where `out` ends in `.tar`, else a new or empty folder. Either
 * appears whole or not at all. No permissions are set, since sticks often have file systems without them. Fault:
 * USER_FILE_WRITE.
 */
export async function writeApprovalFolder(source: BundleSource, out: string): Promise<Result<void>> {
  const files = await source.list();
  if (!files.ok) {
    return files;
  }
  const archive = out.endsWith(".tar");
  const unfit = archive ? files.value.find((file) => ustarHeader(file) === undefined) : undefined;
  if (unfit !== undefined) {
    return cannotWrite(out, `the name ${unfit.path} is too long for an archive; name a folder`);
  }
  try {
    await (archive ? writeArchive(source, files.value, out) : writeFolder(source, files.value, out));
    return ok(undefined);
  } catch (error) {
    if (error instanceof StoreError) {
      return fail(error.fault);
    }
    const occupied = ["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(systemCode(error));
    return cannotWrite(out, occupied ? "it is there already; name a new or empty folder" : systemProblem(error));
  }
}

async function writeFolder(source: BundleSource, files: readonly BundleFile[], out: string): Promise<void> {
  const target = resolve(out);
  const draft = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}`);
  try {
    for (const { path } of files) {
      await writeFile(source, path, join(draft, path));
    }
    await rename(draft, target);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function writeFile(source: BundleSource, path: string, target: string): Promise<void> {
  await makeFolder(dirname(target));
  await using handle = await open(target, "wx", 0o644);
  for await (const chunk of source.open(path)) {
    await writeAll(handle, chunk);
  }
  await handle.sync();
}

function cannotWrite(file: string, problem: string): Result<never> {
  return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file, problem }));
}
