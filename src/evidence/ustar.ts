import { equalBytes } from "#canon/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";

/**
 * Tar archives in one fixed form of POSIX ustar (IEEE 1003.1): regular files only, mode 0644, owner 0/0 without names,
 * time 0, two zero blocks behind the last file and nothing after them. The same files give the same bytes everywhere.
 */
export const BLOCK = 512;
/** Sizes are eleven octal digits. */
const MAX_FILE_SIZE = 8 * 1024 ** 3 - 1;

export type TarEntry = { readonly path: string; readonly size: number };

/** The header of one file, or undefined when its path or size does not fit into ustar. */
export function ustarHeader(entry: TarEntry): Uint8Array | undefined {
  const name = splitPath(entry.path);
  if (name === undefined || !Number.isSafeInteger(entry.size) || entry.size < 0 || entry.size > MAX_FILE_SIZE) {
    return undefined;
  }
  const header = new Uint8Array(BLOCK);
  header.set(name.name, 0);
  put(header, 100, "0000644\0");
  put(header, 108, "0000000\0");
  put(header, 116, "0000000\0");
  put(header, 124, `${octal(entry.size, 11)}\0`);
  put(header, 136, "00000000000\0");
  put(header, 148, "        ");
  put(header, 156, "0");
  put(header, 257, "ustar\u000000");
  put(header, 329, "0000000\0");
  put(header, 337, "0000000\0");
  header.set(name.prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(header, 148, `${octal(sum, 6)}\0 `);
  return header;
}

/** Zero bytes between the end of a file and the next header. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

export type HeaderReading =
  | { readonly kind: "file"; readonly entry: TarEntry }
  | { readonly kind: "zero" }
  | { readonly kind: "bad"; readonly problem: string };

const TYPES: ReadonlyMap<string, string> = new Map([
  ["1", "a hard link"],
  ["2", "a symbolic link"],
  ["3", "a character device"],
  ["4", "a block device"],
  ["5", "a folder"],
  ["6", "a FIFO"],
  ["g", "a pax header"],
  ["x", "a pax header"],
  ["K", "a GNU long link"],
  ["L", "a GNU long name"],
  ["S", "a GNU sparse file"],
]);

/** Reads one block as a header. Only the very bytes that `ustarHeader` writes are a file. */
export function readUstarHeader(block: Uint8Array): HeaderReading {
  if (block.every((byte) => byte === 0)) {
    return { kind: "zero" };
  }
  const type = ascii(block.subarray(156, 157));
  const strange = TYPES.get(type);
  if (strange !== undefined) {
    return { kind: "bad", problem: `it holds ${strange}` };
  }
  const name = decodeUtf8(untilZero(block.subarray(0, 100)));
  const prefix = decodeUtf8(untilZero(block.subarray(345, 500)));
  const digits = ascii(block.subarray(124, 135));
  if (name === undefined || prefix === undefined || !/^[0-7]{11}$/.test(digits)) {
    return { kind: "bad", problem: "a header cannot be read" };
  }
  const entry = { path: prefix === "" ? name : `${prefix}/${name}`, size: Number.parseInt(digits, 8) };
  const canonical = ustarHeader(entry);
  return canonical !== undefined && equalBytes(canonical, block)
    ? { kind: "file", entry }
    : { kind: "bad", problem: "a header is not in the fixed form" };
}

/** The shortest prefix that lets the rest fit: every path has one form only. */
function splitPath(path: string): { readonly name: Uint8Array; readonly prefix: Uint8Array } | undefined {
  const whole = encodeUtf8(path);
  if (path === "" || path.includes("\0")) {
    return undefined;
  }
  if (whole.length <= 100) {
    return { name: whole, prefix: new Uint8Array(0) };
  }
  const slash = whole.findIndex((byte, at) => byte === 0x2f && at > 0 && whole.length - at - 1 <= 100);
  return slash === -1 || slash > 155 || slash === whole.length - 1
    ? undefined
    : { name: whole.subarray(slash + 1), prefix: whole.subarray(0, slash) };
}

function put(header: Uint8Array, at: number, text: string): void {
  header.set(encodeUtf8(text), at);
}

function octal(value: number, width: number): string {
  return value.toString(8).padStart(width, "0");
}

function untilZero(field: Uint8Array): Uint8Array {
  const end = field.indexOf(0);
  return end === -1 ? field : field.subarray(0, end);
}

function ascii(field: Uint8Array): string {
  return String.fromCharCode(...field);
}
