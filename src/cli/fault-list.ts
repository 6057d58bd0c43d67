import type { Fault } from "#fault/fault.ts";
import { codeEntry } from "./explained-codes.ts";

/** One of several faults in JSON. */
export function errorOf({ code, message, hint }: Fault): object {
  return { code, message, hint, exitCode: codeEntry(code).exitCode };
}

/** Of several faults the first one's; 0 where there is none. */
export function exitCodeOf([first]: readonly Fault[]): number {
  return first === undefined ? 0 : codeEntry(first.code).exitCode;
}
