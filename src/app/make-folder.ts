import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { systemCode, systemProblem } from "#fault/system-problem.ts";

/**
 * Makes a folder and those above it; one that is there stays as it is. Node's own `recursive` goes round for ever where
 * the system says that a folder is missing right after it was found (below /proc).
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  if ((await made(path, mode)) === "no place") {
    await makeFolder(dirname(path), mode);
    if ((await made(path, mode)) === "no place") {
      throw Object.assign(new Error(`${path} cannot be made`), { code: "ENOENT", syscall: "mkdir", path });
    }
  }
}

/** The folder of keys, trust and evidence, for this user alone where it is made here. */
export async function makeStateFolder(path: string): Promise<Result<void>> {
  try {
    return ok(await makeFolder(path, 0o700));
  } catch (error) {
    return fail(faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: `${path}: ${systemProblem(error)}` }));
  }
}

async function made(path: string, mode: number): Promise<"yes" | "no place"> {
  try {
    await mkdir(path, { mode });
    return "yes";
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") {
      return "yes";
    }
    if (code === "ENOENT" && dirname(path) !== path) {
      return "no place";
    }
    throw error;
  }
}
