import { childrenOfShell } from "./process-identity.ts";
import { readSmallFile } from "./small-file.ts";

const TRIES = 5;

/**
 * Counts bytes that a shell and those that ended below it made the disks read and write, from now on; what a step wrote
 * and deleted again may count. The returned function says undefined where the kernel does not count, or the shell is
 * gone.
 */
export function countIo(pid: number): () => number | undefined {
  const before = familyIo(pid);
  return () => {
    const now = familyIo(pid);
    return before === undefined || now === undefined ? undefined : now - before;
  };
}

/**
 * The figures of a child become its parent's when that has waited for it (proc_pid_io(5)); until then the child, ended or
 * not, has them itself. They are read again when that happened meanwhile.
 */
function familyIo(pid: number): number | undefined {
  for (let round = 0; round < TRIES; round += 1) {
    const children = childrenOfShell(pid);
    const sum = [pid, ...children].reduce<number | undefined>((total, each) => plus(total, ioOf(each)), 0);
    if (String(childrenOfShell(pid)) === String(children)) {
      return sum;
    }
  }
  return undefined;
}

function plus(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other;
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
