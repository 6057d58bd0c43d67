import { littleEndian, systemCalls, type Encode, type Operand } from "./machine-code.ts";

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
      case "unlessResult": {
        const { least } = instruction;
        // cmp x0, #least (of a negative number: cmn x0, #-least); b.lt
        const compare = least < 0 ? 0xb100001f | (-least << 10) : 0xf100001f | (least << 10);
        return branch(0xb, [compare], instruction.label);
      }
      case "unlessByte": {
        const load = 0x39400000 | (SCRATCH << 5) | SCRATCH; // ldrb w9, [x9]
        const compare = 0x7100001f | (instruction.value << 10) | (SCRATCH << 5); // cmp w9, #value
        return branch(0x1, [...move(SCRATCH, instruction.address), load, compare], instruction.label); // b.ne
      }
      case "unlessKept":
        return branch(0x1, [0x6b00001f | (KEPT << 16)], instruction.label); // cmp w0, w19; b.ne
      case "exitAs":
        return [
          [...move(SCRATCH, instruction.address), 0xb9400000 | (SCRATCH << 5) | SCRATCH], // ldr w9, [x9]
          [0x12001800 | (SCRATCH << 5)], // and w0, w9, #127
          [0x34000060], // cbz w0, over the next two
          [0x11020000, 0x14000002], // add w0, w0, #128; b over the next
          [0x53083c00 | (SCRATCH << 5)], // ubfx w0, w9, #8, #8
          [...move(NUMBER, systemCalls.exit.arm64), 0xd4000001],
        ].flat();
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
    case "argumentsFromSecond":
      return [0x91000000 | (24 << 10) | (SP << 5) | register]; // add register, sp, #24
    case "environment":
      return [
        0xf9400000 | (SP << 5) | register, // ldr register, [sp]
        0x8b206c00 | (register << 16) | (SP << 5) | register, // add register, sp, register, uxtx #3
        0x91000000 | (16 << 10) | (register << 5) | register, // add register, register, #16
      ];
  }
}
