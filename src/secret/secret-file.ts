import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { systemProblem } from "#fault/system-problem.ts";
import { notSetUp, tooLarge, unresolved, type Trouble } from "./found.ts";

export type ReadBytes = { readonly bytes: Uint8Array } | Trouble;

/** Reads a regular file of at most `most` bytes. A FIFO without a writer is refused, not waited for. */
export async function readSecretFile(path: string, most: number): Promise<ReadBytes> {
  try {
    await using file = await openNow(path);
    return (await file.stat()).isFile() ? await readAtMost(file, most) : unresolved("it is no regular file");
  } catch (error) {
    return unresolved(`the file cannot be read: ${systemProblem(error)}`);
  }
}

/** The same for a file that opens other secrets: it must belong to this user or to root, and to nobody else's eyes. */
export async function readKeyFile(path: string, what: string, most: number): Promise<ReadBytes> {
  try {
    await using file = await openNow(path);
    const stat = await file.stat();
    const own = process.getuid?.() ?? stat.uid;
    if (!stat.isFile()) {
      return notSetUp(`${what} is no regular file`);
    }
    if ((stat.mode & 0o077) !== 0 || (stat.uid !== own && stat.uid !== 0)) {
      return notSetUp(`${what} can be read by others: chmod 600`);
    }
    return await readAtMost(file, most);
  } catch (error) {
    return notSetUp(`${what} cannot be read: ${systemProblem(error)}`);
  }
}

function openNow(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** What the size said before is not believed: the file may grow while it is read. */
async function readAtMost(file: FileHandle, most: number): Promise<ReadBytes> {
  const room = Buffer.alloc(most + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(room, length, room.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length > most) {
      return length > most ? tooLarge : { bytes: room.subarray(0, length) };
    }
  }
}
