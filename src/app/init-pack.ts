import { lstat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { packTemplates, type TemplateName } from "./pack-templates.ts";
import { userFileCodes } from "./user-file-codes.ts";
import { makeFolder } from "./make-folder.ts";

export type NewPack = { readonly folder: string; readonly name: string; readonly files: readonly string[] };

/**
 * Writes a pack that lints, simulates and runs as it is, named after its folder. Files that are there are never touched:
 * then nothing is written. Faults: INIT_EXISTS, USER_FILE_WRITE.
 */
export async function initPack(folder: string, template: TemplateName): Promise<Result<NewPack>> {
  const name = packNameOf(basename(resolve(folder)));
  const files = packTemplates[template].files(name);
  for (const { path } of files) {
    const file = join(folder, path);
    if ((await lstat(file).catch(() => undefined)) !== undefined) {
      return fail(faultOf(userFileCodes, "INIT_EXISTS", { file }));
    }
  }
  for (const { path, text, executable } of files) {
    const file = join(folder, path);
    try {
      await makeFolder(dirname(file));
      await writeFile(file, text, { flag: "wx", mode: executable ? 0o755 : 0o644 });
    } catch (error) {
      return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file, problem: systemProblem(error) }));
    }
  }
  return ok({ folder, name, files: files.map(({ path }) => path) });
}

/** The nearest name that a pack may have. */
function packNameOf(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63);
  return name === "" ? "my-pack" : name;
}
