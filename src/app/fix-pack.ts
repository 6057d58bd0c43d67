import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { equalBytes } from "#canon/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { applyFixes } from "#pack/apply-fixes.ts";
import { PACK_FILE } from "#pack/pack-files.ts";
import { readPack } from "#pack/read-pack.ts";
import { appCodes } from "./codes.ts";
import { readPackFolder, type PackFolder, type PackPorts } from "./pack-folder.ts";
import { userFileCodes } from "./user-file-codes.ts";

/** Mending one thing shows the next; a text that is not mended after so many rounds is left to people. */
const ROUNDS = 20;

/**
 * Mends in `pack.yaml` what is mechanical, writes it in one step, and says how many places that were. What is understood only
 * now may have findings of its own; what would break the text is not done. Faults: those of `readPackFolder`, INPUT_CHANGED, USER_FILE_WRITE.
 */
export async function fixPack(pack: string, ports: PackPorts & { readonly cwd: string }): Promise<Result<number>> {
  const place = await readPackFolder(pack, ports.cwd, ports);
  if (!place.ok) {
    return place;
  }
  const { fixed, text } = mend(place.value);
  if (fixed === 0) {
    return ok(0);
  }
  const written = await replaceText(place.value, encodeUtf8(text));
  return written.ok ? ok(fixed) : written;
}

function mend({ file, bytes, listing }: PackFolder): { readonly fixed: number; readonly text: string } {
  const findings = (text: string): readonly Diagnostic[] => {
    const read = readPack(encodeUtf8(text), { file, files: listing });
    return read.ok ? [] : read.fault;
  };
  let text = decodeUtf8(bytes) ?? "";
  let found = findings(text);
  let fixed = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = applyFixes(text, found);
    const left = next.applied === 0 ? found : findings(next.text);
    // One mend may show what stood behind it, such as a field that is missing in what is now understood: no more than that.
    if (next.applied === 0 || left.some(({ code }) => code.startsWith("YAML_"))) {
      break;
    }
    text = next.text;
    found = left;
    fixed += next.applied;
  }
  return { fixed, text };
}

/** Nothing is lost: whoever wrote the file meanwhile keeps what they wrote, and after a crash there is the old or the new text. */
async function replaceText({ folder, file, bytes }: PackFolder, text: Uint8Array): Promise<Result<void>> {
  const path = join(folder, PACK_FILE);
  const draft = join(folder, `.${PACK_FILE}.${process.pid}.new`);
  try {
    const { mode } = await stat(path);
    await writeFile(draft, text, { mode, flag: "wx" });
    if (!equalBytes(await readFile(path), bytes)) {
      return fail(faultOf(appCodes, "INPUT_CHANGED", { what: file }));
    }
    await rename(draft, path);
    return ok(undefined);
  } catch (error) {
    return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file, problem: systemProblem(error) }));
  } finally {
    await rm(draft, { force: true });
  }
}
