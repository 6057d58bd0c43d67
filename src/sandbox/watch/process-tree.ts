import { readFileSync, statSync, statfsSync } from "node:fs";
import { childrenOf } from "./process-identity.ts";

/** Resident pages come in this size on both architectures that steps run on; 16 KiB and 64 KiB kernels read high. */
const PAGE_BYTES = 4096;

export type TreeUse = {
  readonly pids: readonly number[];
  /** Resident bytes; pages that processes share count for each. */
  readonly memoryBytes: number;
  /** What `pids` limits: threads, of which each process has at least one. */
  readonly threads: number;
};

/** What a process and all its descendants use. What loses its parent becomes a child of the namespace's init. */
export function treeUse(root: number): TreeUse {
  const seen = new Set([root]);
  let memoryBytes = 0;
  let threads = 0;
  for (const pid of seen) {
    const found = statOf(pid);
    memoryBytes += found.pages * PAGE_BYTES;
    threads += found.threads;
    childrenOf(pid).forEach((child) => seen.add(child));
  }
  return { pids: [...seen], memoryBytes, threads };
}

/**
 * Files in memory that no process need have mapped. An init that has not changed its root yet still has the host's
 * folders; those are not the step's.
 */
export function tmpfsBytes(init: number, folders: readonly string[]): number {
  return folders.reduce((sum, folder) => {
    const path = `/proc/${init}/root${folder}`;
    try {
      if (statSync(path).dev === statSync(folder).dev) {
        return sum;
      }
      const { blocks, bfree, bsize } = statfsSync(path);
      return sum + (blocks - bfree) * bsize;
    } catch {
      return sum;
    }
  }, 0);
}

/** Fields 20 (threads) and 24 (resident pages) of proc_pid_stat(5); a zombie has neither memory nor children. */
function statOf(pid: number): { readonly pages: number; readonly threads: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { threads: Number(fields[17] ?? 0), pages: Math.max(0, Number(fields[21] ?? 0)) };
  } catch {
    return { pages: 0, threads: 0 };
  }
}
