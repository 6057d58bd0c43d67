import type { Machine } from "../root/seccomp-filter.ts";

const FILE_HEADER = 64;
const PROGRAM_HEADER = 56;
/** Loaded code, loaded data, and the word that the stack is not executable. */
const HEADERS: number = FILE_HEADER + 3 * PROGRAM_HEADER;
/** The largest page of both machines; file offset and address have to agree below it. */
const PAGE = 0x10000;
const CODE_BASE = 0x400000;
const DATA_BASE: number = CODE_BASE + 16 * PAGE;
const machines = { x64: 62, arm64: 183 } as const satisfies Record<Machine, number>;

/** Where code and data of a program will stand: data comes first, so that code can name its places. */
export const elfPlaces = {
  data: DATA_BASE + HEADERS,
  code: (dataBytes: number): number => CODE_BASE + HEADERS + Math.ceil(dataBytes / 16) * 16,
} as const;

/**
 * A static executable for Linux with two segments, code that cannot be written and data that cannot be executed
 * (System V ABI, chapters 4 and 5; elf(5)). It starts at the first byte of `code`.
 */
export function elfFile(machine: Machine, data: Buffer, code: Buffer): Buffer {
  const entry = elfPlaces.code(data.length);
  const codeAt = entry - CODE_BASE;
  const file = Buffer.alloc(codeAt + code.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0); // 64 bits, little-endian, version 1
  file.writeUInt16LE(2, 16); // ET_EXEC
  file.writeUInt16LE(machines[machine], 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(entry), 24);
  file.writeBigUInt64LE(BigInt(FILE_HEADER), 32);
  file.writeUInt16LE(FILE_HEADER, 52);
  file.writeUInt16LE(PROGRAM_HEADER, 54);
  file.writeUInt16LE(3, 56);
  const [load, stack] = [1, 0x6474e551]; // PT_LOAD, PT_GNU_STACK
  const [execute, write, read] = [1, 2, 4];
  segment(file, 0, { type: load, flags: read | execute, at: CODE_BASE, size: file.length });
  segment(file, 1, { type: load, flags: read | write, at: DATA_BASE, size: HEADERS + data.length });
  segment(file, 2, { type: stack, flags: read | write, at: 0, size: 0 });
  data.copy(file, HEADERS);
  code.copy(file, codeAt);
  return file;
}

type Segment = { readonly type: number; readonly flags: number; readonly at: number; readonly size: number };

function segment(file: Buffer, index: number, { type, flags, at, size }: Segment): void {
  const start = FILE_HEADER + index * PROGRAM_HEADER;
  file.writeUInt32LE(type, start);
  file.writeUInt32LE(flags, start + 4);
  file.writeBigUInt64LE(BigInt(at), start + 16);
  file.writeBigUInt64LE(BigInt(at), start + 24);
  file.writeBigUInt64LE(BigInt(size), start + 32);
  file.writeBigUInt64LE(BigInt(size), start + 40);
  file.writeBigUInt64LE(BigInt(PAGE), start + 48);
}
