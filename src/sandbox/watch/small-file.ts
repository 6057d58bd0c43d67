import { closeSync, openSync, readSync } from "node:fs";

/** One for all: what was read is text before anything else is read. */
const buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * The text of a file that the kernel makes up as it is read (of /proc or a cgroup), as Latin-1. Node's own reading takes
 * fresh memory for each of them, which the collector then has to find: they are read many times in every step.
 */
export function readSmallFile(path: string): string {
  const fd = openSync(path, "r");
  try {
    let text = "";
    for (let count = read(fd); count > 0; count = read(fd)) {
      text += buffer.toString("latin1", 0, count);
    }
    return text;
  } finally {
    closeSync(fd);
  }
}

function read(fd: number): number {
  return readSync(fd, buffer, 0, buffer.length, null);
}
