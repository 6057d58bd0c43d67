import { writeFileSync } from "node:fs";
import { systemCode } from "#fault/system-problem.ts";
import { readSmallFile } from "../watch/small-file.ts";

export function readText(path: string): string {
  return readSmallFile(path).trim();
}

export function write(path: string, value: string | number): void {
  writeFileSync(path, String(value));
}

/** For settings that only some kernels know and that nothing depends on. */
export function tryWrite(path: string, value: string | number): boolean {
  try {
    write(path, value);
    return true;
  } catch {
    return false;
  }
}

/** Undefined where they cannot be read now, for want of descriptors, say; a cgroup that is gone has none. */
export function readPids(path: string): readonly number[] | undefined {
  try {
    return readText(path).split("\n").filter(Boolean).map(Number);
  } catch (error) {
    const code = systemCode(error);
    return code === "ENOENT" || code === "ENODEV" ? [] : undefined;
  }
}
