import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { digestOfHex, type Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import { mediumFault, systemCodeOf } from "#fault/medium-fault.ts";

const CHUNK = 256 * 1024;

/**
 * The bytes of a file that must have this digest. The last chunk is given out only after all of them were checked, so
 * whoever gets to the end has the right bytes. Throws `StoreError` with ARTIFACT_MISSING, ARTIFACT_CORRUPT or the
 * medium's fault.
 */
export async function* checkedBytes(path: string, digest: Digest): AsyncGenerator<Uint8Array> {
  try {
    await using file = await open(path, "r");
    const hash = createHash("sha256");
    let held: Uint8Array | undefined;
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const { bytesRead } = await file.read(chunk, 0, CHUNK);
      if (bytesRead === 0) {
        break;
      }
      if (held !== undefined) {
        yield held;
      }
      held = chunk.subarray(0, bytesRead);
      hash.update(held);
    }
    if (digestOfHex(hash.digest("hex")) !== digest) {
      throw new StoreError(faultOf(storeCodes, "ARTIFACT_CORRUPT", { digest }));
    }
    if (held !== undefined) {
      yield held;
    }
  } catch (error) {
    const missing = ["ENOENT", "ENOTDIR"].includes(systemCodeOf(error) ?? "");
    throw new StoreError(missing ? faultOf(storeCodes, "ARTIFACT_MISSING", { digest }) : mediumFault(error));
  }
}

/** Reads a file to its end only to check it. */
export async function checkFile(path: string, digest: Digest): Promise<void> {
  for await (const chunk of checkedBytes(path, digest)) {
    void chunk;
  }
}
