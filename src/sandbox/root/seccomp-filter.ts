import type { Sandbox } from "#plan/plan.ts";
import { absent, forbidden, guarded } from "./syscall-numbers.ts";

/** One `struct sock_filter` (linux/filter.h): operation, jumps when true and false, operand. */
type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const IF_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

// Offsets in `struct seccomp_data` (linux/seccomp.h); of an argument only its low word, which is what the kernel reads.
const NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number): number => 16 + 8 * index;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const errno = (code: number): number => 0x00050000 | code;
const EPERM = errno(1);
const ENOSYS = errno(38);
const EAFNOSUPPORT = errno(97);

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME (linux/sched.h). */
const NEW_NAMESPACES = 0x7e020080;
/** Every call at or above it is of the x32 ABI, under which the same calls have other numbers. */
const X32 = 0x40000000;
const TERMINAL_INJECTION = [0x5412, 0x541c]; // TIOCSTI, TIOCLINUX
const [UNIX, INET, INET6, NETLINK] = [1, 2, 10, 16];

const machines = {
  x64: { column: 0, audit: 0xc000003e },
  arm64: { column: 1, audit: 0xc00000b7 },
} as const;
export type Machine = keyof typeof machines;

export function isFilteredMachine(arch: string): arch is Machine {
  return Object.hasOwn(machines, arch);
}

/**
 * The filter for `bwrap --seccomp`, as raw `struct sock_filter[]`, little-endian. Invariant: every part that loads an
 * argument ends in RETURN on all ways, so between parts the accumulator holds the number of the call.
 * A socket of a service can be connected to wherever it shows, a read-only mount notwithstanding; and `restricted` shows
 * folders that nobody has looked through. So there no UNIX socket can be made, only pairs of connected ones.
 */
export function seccompFilter(machine: Machine, mode: Sandbox["mode"]): Buffer {
  const { column, audit } = machines[machine];
  const families = mode === "sealed" ? [UNIX, INET, INET6, NETLINK] : [INET, INET6, NETLINK];
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [IF_EQUAL, 1, 0, audit],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER],
  ];
  if (machine === "x64") {
    program.push([IF_AT_LEAST, 0, 1, X32], [RETURN, 0, 0, EPERM]);
  }
  for (const [table, answer] of [
    [forbidden, EPERM],
    [absent, ENOSYS],
  ] as const) {
    for (const numbers of Object.values(table)) {
      program.push(...onCall(numbers[column], [[RETURN, 0, 0, answer]]));
    }
  }
  program.push(
    ...onCall(guarded.clone[column], [
      [LOAD, 0, 0, argument(0)],
      [AND, 0, 0, NEW_NAMESPACES],
      [IF_EQUAL, 1, 0, 0],
      [RETURN, 0, 0, EPERM],
      [RETURN, 0, 0, ALLOW],
    ]),
    ...onCall(guarded.ioctl[column], byArgument(1, TERMINAL_INJECTION, EPERM, ALLOW)),
    ...onCall(guarded.socket[column], byArgument(0, families, ALLOW, EAFNOSUPPORT)),
    ...onCall(guarded.socketpair[column], byArgument(0, [UNIX], ALLOW, EAFNOSUPPORT)),
    [RETURN, 0, 0, ALLOW],
  );
  return encode(program);
}

function onCall(number: number | null, body: readonly Instruction[]): readonly Instruction[] {
  return number === null ? [] : [[IF_EQUAL, 0, body.length, number], ...body];
}

/** Returns `inside` when the argument is one of the values, else `outside`. */
function byArgument(index: number, values: readonly number[], inside: number, outside: number): readonly Instruction[] {
  return [
    [LOAD, 0, 0, argument(index)],
    ...values.map((value, at): Instruction => [IF_EQUAL, values.length - at, 0, value]),
    [RETURN, 0, 0, outside],
    [RETURN, 0, 0, inside],
  ];
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, whenTrue, whenFalse, operand], at) => {
    bytes.writeUInt16LE(code, at * 8);
    bytes.writeUInt8(whenTrue, at * 8 + 2);
    bytes.writeUInt8(whenFalse, at * 8 + 3);
    bytes.writeUInt32LE(operand >>> 0, at * 8 + 4);
  });
  return bytes;
}
