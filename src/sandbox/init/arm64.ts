import { littleEndian, systemCalls, type Encode, type Operand } from "./listener-code.ts";

const KEPT = 19;
/** Holds addresses and bytes for a moment. */
const SCRATCH = 9;
const NUMBER = 8;
const SP = 31;

/**
 * arm64 (Arm ARM, A64 base instructions), one word each. The last result is in x0, the kept number in w19; a process
 * starts with sp at argc, as on x86_64.
 */
export const encodeArm64: Encode = (instruction, here, labelAt) => {
  const branch = (condition: number, before: readonly number[], label: string): readonly number[] => {
    const distance = (labelAt(label) - (here + before.length * 4)) / 4;
    return [...before, 0x54000000 | ((distance & 0x7ffff) << 5) | condition];
  };
  return wordsOf().flatMap((word) => littleEndian(word));

  function wordsOf(): readonly number[] {
    switch (instruction.kind) {
      case "call":
        return [
          ...instruction.operands.flatMap((operand, at) => loadArm64(operand, at)),
          ...move(NUMBER, systemCalls[instruction.call].arm64),
          0xd4000001, // svc #0
        ];
      case "keep":
        return [0x2a0003e0 | KEPT]; // mov w19, w0
      case "store":
        return [...move(SCRATCH, instruction.address), 0xb9000000 | (SCRATCH << 5) | KEPT]; // str w19, [x9]
      case "unlessResult":
        return branch(0xb, [0xf100001f | (instruction.least << 10)], instruction.label); // cmp x0, #least; b.lt
      case "unlessByte": {
        const load = 0x39400000 | (SCRATCH << 5) | SCRATCH; // ldrb w9, [x9]
        const compare = 0x7100001f | (instruction.value << 10) | (SCRATCH << 5); // cmp w9, #value
        return branch(0x1, [...move(SCRATCH, instruction.address), load, compare], instruction.label); // b.ne
      }
      case "label":
        return [];
    }
  }
};

/** movz register, #low; movk register, #high, lsl #16 */
function move(register: number, value: number): readonly number[] {
  return [0xd2800000 | ((value & 0xffff) << 5) | register, 0xf2a00000 | ((value >>> 16) << 5) | register];
}

function loadArm64(operand: Operand, register: number): readonly number[] {
  if (typeof operand === "number") {
    return move(register, operand);
  }
  switch (operand) {
    case "kept":
      return [0x2a0003e0 | (KEPT << 16) | register]; // mov register, w19
    case "firstArgument":
      return [0xf9400000 | (2 << 10) | (SP << 5) | register]; // ldr register, [sp, #16]
    case "argumentsFromFirst":
      return [0x91000000 | (16 << 10) | (SP << 5) | register]; // add register, sp, #16
    case "environment":
      return [
        0xf9400000 | (SP << 5) | register, // ldr register, [sp]
        0x8b206c00 | (register << 16) | (SP << 5) | register, // add register, sp, register, uxtx #3
        0x91000000 | (16 << 10) | (register << 5) | register, // add register, register, #16
      ];
  }
}
