import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";

/** What lies in a folder, streamed, with names as the bytes that the file system has: they need not be UTF-8. */
export async function* rawEntries(folder: string): AsyncIterable<Dirent<Buffer>> {
  // `opendir` takes this encoding; Node's types know it for `readdir` only.
  for await (const entry of await opendir(folder, { encoding: "buffer" as BufferEncoding })) {
    yield entry as unknown as Dirent<Buffer>;
  }
}
