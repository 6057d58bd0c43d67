import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { archiveBytes, ChangedFile, type Piece } from "#bundle/assemble.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import { writeAll } from "./write-all.ts";

/**
 * Writes the archive of a pack bundle, whole or not at all; its size in bytes. Throws `ChangedFile` for a file that is not the
 * one that its piece names. Fault: PACK_BUNDLE_WRITE.
 */
export async function writeArchive(
  pieces: readonly Piece[],
  read: (file: string) => AsyncIterable<Uint8Array>,
  out: string,
): Promise<Result<number>> {
  const draft = `${out}.${process.pid}.tmp`;
  try {
    await using handle = await open(draft, "wx", 0o644);
    let size = 0;
    for await (const chunk of archiveBytes(pieces, read, hexHash)) {
      await writeAll(handle, chunk);
      size += chunk.length;
    }
    await handle.sync();
    await rename(draft, out);
    return ok(size);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    if (error instanceof ChangedFile) {
      throw error;
    }
    return fail(faultOf(packBundleUseCodes, "PACK_BUNDLE_WRITE", { path: out, problem: systemProblem(error) }));
  }
}

function hexHash(): { readonly update: (bytes: Uint8Array) => void; readonly digest: () => string } {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}
