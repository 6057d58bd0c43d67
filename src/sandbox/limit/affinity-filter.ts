import type { Machine } from "../root/seccomp-filter.ts";

const SCHED_SETAFFINITY: Readonly<Record<Machine, number>> = { x64: 203, arm64: 122 };

/**
 * A filter that first refuses `sched_setaffinity` (EPERM), for steps whose only limit of CPUs is to be tied to some. All
 * jumps are relative, so any filter can follow; it judges everything else, foreign architectures included.
 */
export function withoutAffinity(filter: Uint8Array, machine: Machine): Buffer {
  const first = Buffer.alloc(3 * 8);
  // BPF_LD | BPF_W | BPF_ABS: the number of the call, at offset 0 of `struct seccomp_data`.
  first.writeUInt16LE(0x20, 0);
  // BPF_JMP | BPF_JEQ | BPF_K: falls through to the refusal, or skips it.
  first.writeUInt16LE(0x15, 8);
  first.writeUInt8(1, 11);
  first.writeUInt32LE(SCHED_SETAFFINITY[machine], 12);
  // BPF_RET | BPF_K: SECCOMP_RET_ERRNO with EPERM.
  first.writeUInt16LE(0x06, 16);
  first.writeUInt32LE(0x00050001, 20);
  return Buffer.concat([first, filter]);
}
