import { littleEndian, systemCalls, type Encode, type Operand } from "./machine-code.ts";

/**
 * x86_64 (Intel SDM, volume 2). The last result is in rax, the kept number in ebx, which system calls leave alone. At
 * the start of a process rsp points to argc, behind it stand the arguments, a zero, and the environment.
 */
export const encodeX64: Encode = (instruction, here, labelAt) => {
  const jump = (opcode: number, before: number, label: string): readonly number[] => {
    const after = here + before + 6;
    return [0x0f, opcode, ...littleEndian(labelAt(label) - after)];
  };
  switch (instruction.kind) {
    case "call":
      return [
        ...instruction.operands.flatMap((operand, at) => loadX64(operand, at)),
        0xb8, // mov eax, number
        ...littleEndian(systemCalls[instruction.call].x64),
        0x0f, // syscall
        0x05,
      ];
    case "keep":
      return [0x89, 0xc3]; // mov ebx, eax
    case "store":
      return [0x89, 0x1c, 0x25, ...littleEndian(instruction.address)]; // mov [address], ebx
    case "unlessResult":
      // cmp rax, least; jl label
      return [0x48, 0x83, 0xf8, instruction.least & 0xff, ...jump(0x8c, 4, instruction.label)];
    case "unlessByte": {
      // cmp byte [address], value; jne label
      const compare = [0x80, 0x3c, 0x25, ...littleEndian(instruction.address), instruction.value];
      return [...compare, ...jump(0x85, compare.length, instruction.label)];
    }
    case "unlessKept":
      return [0x39, 0xd8, ...jump(0x85, 2, instruction.label)]; // cmp eax, ebx; jne label
    case "exitAs":
      return [
        [0x8b, 0x04, 0x25, ...littleEndian(instruction.address)], // mov eax, [address]
        [0x89, 0xc7, 0x83, 0xe7, 0x7f], // mov edi, eax; and edi, 127
        [0x74, 8], // jz over the next two
        [0x81, 0xc7, ...littleEndian(128), 0xeb, 3], // add edi, 128; jmp over the next
        [0x0f, 0xb6, 0xfc], // movzx edi, ah
        [0xb8, ...littleEndian(systemCalls.exit.x64), 0x0f, 0x05],
      ].flat();
    case "label":
      return [];
  }
};

/** The registers of the first three operands, rdi, rsi and rdx, by their numbers in an encoding. */
const OPERANDS = [7, 6, 2] as const;

function loadX64(operand: Operand, at: number): readonly number[] {
  const register = OPERANDS[at];
  if (register === undefined) {
    if (typeof operand !== "number" || at !== 3) {
      throw new Error("the fourth operand is a number, and there is no fifth");
    }
    return [0x41, 0xba, ...littleEndian(operand)]; // mov r10d, operand
  }
  if (typeof operand === "number") {
    return [0xb8 + register, ...littleEndian(operand)]; // mov register, operand; clears the upper half
  }
  switch (operand) {
    case "kept":
      return [0x89, 0xd8 + register]; // mov register, ebx
    case "firstArgument":
      return [0x48, 0x8b, 0x44 + register * 8, 0x24, 0x10]; // mov register, [rsp+16]
    case "argumentsFromSecond":
      return [0x48, 0x8d, 0x44 + register * 8, 0x24, 0x18]; // lea register, [rsp+24]
    case "environment": {
      const count = [0x48, 0x8b, 0x04 + register * 8, 0x24]; // mov register, [rsp]
      return [...count, 0x48, 0x8d, 0x44 + register * 8, 0xc4 + register * 8, 0x10]; // lea register, [rsp+register*8+16]
    }
  }
}
