/**
 * What the init of a step says, for whatever machine: see `initProgram`. A register of its own keeps one number across
 * system calls.
 */
export type Instruction =
  /** The result, or a negative error number, is the last result. */
  | { readonly kind: "call"; readonly call: SystemCall; readonly operands: readonly Operand[] }
  /** The last result becomes the kept number. */
  | { readonly kind: "keep" }
  /** Writes the kept number, 32 bits. */
  | { readonly kind: "store"; readonly address: number }
  /** Goes there when the last result is less (signed). `least` is between -128 and 127. */
  | { readonly kind: "unlessResult"; readonly least: number; readonly label: string }
  /** Goes there when another byte stands at the address. `value` is below 128. */
  | { readonly kind: "unlessByte"; readonly address: number; readonly value: number; readonly label: string }
  /** Goes there when the last result is not the kept number. */
  | { readonly kind: "unlessKept"; readonly label: string }
  /** Ends with the exit code of the wait status at the address, or with 128 + N where signal N ended that process. */
  | { readonly kind: "exitAs"; readonly address: number }
  | { readonly kind: "label"; readonly label: string };

/** A number or address of 32 bits, the kept number, or what the process was started with. */
export type Operand = number | "kept" | "firstArgument" | "argumentsFromSecond" | "environment";

/** Numbers on x86_64 (arch/x86/entry/syscalls/syscall_64.tbl) and on arm64 (include/uapi/asm-generic/unistd.h). */
export const systemCalls = {
  read: { x64: 0, arm64: 63 },
  write: { x64: 1, arm64: 64 },
  close: { x64: 3, arm64: 57 },
  socket: { x64: 41, arm64: 198 },
  sendmsg: { x64: 46, arm64: 211 },
  bind: { x64: 49, arm64: 200 },
  listen: { x64: 50, arm64: 201 },
  clone: { x64: 56, arm64: 220 },
  execve: { x64: 59, arm64: 221 },
  wait4: { x64: 61, arm64: 260 },
  prctl: { x64: 157, arm64: 167 },
  exit: { x64: 231, arm64: 94 },
  prlimit64: { x64: 302, arm64: 261 },
} as const;
type SystemCall = keyof typeof systemCalls;

/** The bytes of one instruction that stands at `here`. Their number does not depend on where labels are. */
export type Encode = (instruction: Instruction, here: number, labelAt: (label: string) => number) => readonly number[];

/** Machine code that stands at `start`, with all labels resolved. */
export function assemble(program: readonly Instruction[], start: number, encode: Encode): Buffer {
  const labels = new Map<string, number>();
  let here = start;
  for (const instruction of program) {
    if (instruction.kind === "label") {
      labels.set(instruction.label, here);
    }
    here += encode(instruction, here, () => here).length;
  }
  const labelAt = (label: string): number => {
    const found = labels.get(label);
    if (found === undefined) {
      throw new Error(`no label ${label}`);
    }
    return found;
  };
  const bytes: number[] = [];
  for (const instruction of program) {
    bytes.push(...encode(instruction, start + bytes.length, labelAt));
  }
  return Buffer.from(bytes);
}

export function littleEndian(value: number): readonly number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}
