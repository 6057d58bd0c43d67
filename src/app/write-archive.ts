import { createHash } from "node:crypto";
import { archiveBytes, ChangedFile, type Piece } from "#bundle/assemble.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import { userFileCodes } from "./user-file-codes.ts";
import { writeAll } from "./write-all.ts";
import { isWrongPath, writeWhole } from "./write-whole.ts";

/**
 * Writes the archive of a pack bundle, whole or not at all; its size in bytes. Throws `ChangedFile` for a file that is not the
 * one that its piece names. Faults: USER_FILE_WRITE (no file can have that path), PACK_BUNDLE_WRITE.
 */
export async function writeArchive(
  pieces: readonly Piece[],
  read: (file: string) => AsyncIterable<Uint8Array>,
  out: string,
): Promise<Result<number>> {
  try {
    return ok(
      await writeWhole(out, async (handle) => {
        let size = 0;
        for await (const chunk of archiveBytes(pieces, read, hexHash)) {
          await writeAll(handle, chunk);
          size += chunk.length;
        }
        return size;
      }),
    );
  } catch (error) {
    if (error instanceof ChangedFile) {
      throw error;
    }
    const problem = systemProblem(error);
    return fail(
      isWrongPath(error, out)
        ? faultOf(userFileCodes, "USER_FILE_WRITE", { file: out, problem })
        : faultOf(packBundleUseCodes, "PACK_BUNDLE_WRITE", { path: out, problem }),
    );
  }
}

function hexHash(): { readonly update: (bytes: Uint8Array) => void; readonly digest: () => string } {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}
