import { read } from "node:fs";
import type { SecretScanner } from "#port/secrets.ts";

const CHUNK = 256 * 1024;

/** Why reading stopped: what was read must not be kept. */
export class SecretFound extends Error {
  readonly secret: string;

  constructor(secret: string) {
    super("a secret was found");
    this.secret = secret;
  }
}

export class FileChanged extends Error {}

/**
 * The bytes of an open file from its start, each seen by the scanner before it is handed on; throws `SecretFound` before
 * the end when one is in them, so that whoever stores them never comes to name them.
 */
export async function* scannedBytes(
  fd: number,
  size: number,
  scanner: SecretScanner | undefined,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  while (at < size) {
    const chunk = await readAt(fd, at, Math.min(CHUNK, size - at));
    if (chunk.length === 0) {
      throw new FileChanged("it became shorter while it was read");
    }
    scanFor(scanner, chunk);
    at += chunk.length;
    yield chunk;
  }
}

/** Throws when these bytes complete a secret. */
export function scanFor(scanner: SecretScanner | undefined, chunk: Uint8Array): void {
  scanner?.push(chunk);
  const found = scanner?.found();
  if (found !== undefined) {
    throw new SecretFound(found);
  }
}

function readAt(fd: number, at: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(length);
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, at, (error, count) =>
      error === null ? resolve(buffer.subarray(0, count)) : reject(error),
    );
  });
}
