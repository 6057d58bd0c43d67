import { closeSync, createReadStream, openSync, readSync } from "node:fs";

const CHUNK_BYTES = 64 * 1024;

/**
 * The bytes of a file that somebody named, of at most `most`. No size is asked for: a pipe and a device have none, and a file
 * may grow while it is read. Throws what the system says, and `EFBIG` where there is more.
 */
export async function readBounded(path: string, most: number): Promise<Uint8Array> {
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { end: most });
  return whole(await Array.fromAsync(chunks), most);
}

/** The same as text; what is no UTF-8 is replaced. */
export async function readBoundedText(path: string, most: number): Promise<string> {
  return Buffer.from(await readBounded(path, most)).toString("utf8");
}

/** The same where nothing can be waited for. */
export function readBoundedSync(path: string, most: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; size <= most;) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const length = readSync(file, chunk);
      if (length === 0) {
        break;
      }
      size += length;
      chunks.push(chunk.subarray(0, length));
    }
    return whole(chunks, most);
  } finally {
    closeSync(file);
  }
}

function whole(chunks: readonly Buffer[], most: number): Uint8Array {
  const bytes = Buffer.concat(chunks);
  if (bytes.length > most) {
    throw Object.assign(new Error(`more than ${most} bytes`), { code: "EFBIG" });
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
