import { hasChildren } from "./process-identity.ts";
import { readSmallFile } from "./small-file.ts";

/** How often to look whether the shell has taken in its last child; each look takes some microseconds. */
const LOOKS = 200;

/**
 * Counts bytes that a shell and those that ended below it made the disks read and write, from now on. Figures of a child
 * become its parent's when that has waited for it (proc_pid_io(5)); what a step wrote and deleted again may count.
 * The returned function says undefined where the kernel does not count or the process is gone.
 */
export function countIo(pid: number): () => number | undefined {
  const before = ioOf(pid);
  return () => {
    for (let look = 0; look < LOOKS && hasChildren(pid); look += 1);
    const now = ioOf(pid);
    return before === undefined || now === undefined ? undefined : now - before;
  };
}

function ioOf(pid: number): number | undefined {
  try {
    const text = readSmallFile(`/proc/${pid}/io`);
    const [read, written] = ["read_bytes", "write_bytes"].map(
      (name) => new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1],
    );
    return read === undefined || written === undefined ? undefined : Number(read) + Number(written);
  } catch {
    return undefined;
  }
}
