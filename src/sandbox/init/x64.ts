import { littleEndian, systemCalls, type Encode, type Operand } from "./listener-code.ts";

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
      return [0x48, 0x83, 0xf8, instruction.least, ...jump(0x8c, 4, instruction.label)];
    case "unlessByte": {
      // cmp byte [address], value; jne label
      const compare = [0x80, 0x3c, 0x25, ...littleEndian(instruction.address), instruction.value];
      return [...compare, ...jump(0x85, compare.length, instruction.label)];
    }
    case "label":
      return [];
  }
};

/** The registers of the first three operands, rdi, rsi and rdx, by their numbers in an encoding. */
const OPERANDS = [7, 6, 2] as const;

function loadX64(operand: Operand, at: number): readonly number[] {
  const register = OPERANDS[at] ?? 0;
  if (typeof operand === "number") {
    return [0xb8 + register, ...littleEndian(operand)]; // mov register, operand; clears the upper half
  }
  switch (operand) {
    case "kept":
      return [0x89, 0xd8 + register]; // mov register, ebx
    case "firstArgument":
      return [0x48, 0x8b, 0x44 + register * 8, 0x24, 0x10]; // mov register, [rsp+16]
    case "argumentsFromFirst":
      return [0x48, 0x8d, 0x44 + register * 8, 0x24, 0x10]; // lea register, [rsp+16]
    case "environment": {
      const count = [0x48, 0x8b, 0x04 + register * 8, 0x24]; // mov register, [rsp]
      return [...count, 0x48, 0x8d, 0x44 + register * 8, 0xc4 + register * 8, 0x10]; // lea register, [rsp+register*8+16]
    }
  }
}
