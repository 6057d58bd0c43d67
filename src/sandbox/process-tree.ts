import { readFileSync } from "node:fs";
import { childrenOf } from "./process-identity.ts";

/** Resident pages come in this size on both architectures that steps run on; 16 KiB and 64 KiB kernels read high. */
const PAGE_BYTES = 4096;

/** Resident bytes of a process and all its descendants. Pages that they share count for each. */
export function treeMemory(root: number): number {
  const seen = new Set([root]);
  let bytes = 0;
  for (const pid of seen) {
    bytes += residentBytes(pid);
    childrenOf(pid).forEach((child) => seen.add(child));
  }
  return bytes;
}

/** The second field of statm counts resident pages (proc_pid_statm(5)). */
function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1] ?? 0) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
