import type { Fault } from "./fault.ts";

/** What is wrong and what to do about it, for places that have room for one text, such as the ledger. */
export function wholeText({ message, hint }: Pick<Fault, "message" | "hint">): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}
