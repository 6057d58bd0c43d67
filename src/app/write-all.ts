import type { FileHandle } from "node:fs/promises";

/** Writes all of these bytes at the end of what was written; one call of the system may take only a part. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}
