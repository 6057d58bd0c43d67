import type { secretCodes } from "./codes.ts";

type TroubleCode = Extract<
  keyof typeof secretCodes,
  "SECRET_UNRESOLVED" | "SECRET_TOO_LARGE" | "SECRET_PROVIDER" | "SECRET_UNREACHABLE" | "SECRET_TIMEOUT"
>;

/** Why there is no value. `problem` never holds a value, a place or what a program or a server said. */
export type Trouble = { readonly trouble: TroubleCode; readonly problem: string };

export type Found = { readonly value: string } | Trouble;

/** The most bytes of one value. A chain of certificates with its key has a third of it; every form of it is kept in memory. */
export const MOST_SECRET_BYTES: number = 32 * 1024;

export function unresolved(problem: string): Trouble {
  return { trouble: "SECRET_UNRESOLVED", problem };
}

export function notSetUp(problem: string): Trouble {
  return { trouble: "SECRET_PROVIDER", problem };
}

export const tooLarge: Trouble = { trouble: "SECRET_TOO_LARGE", problem: `more than ${MOST_SECRET_BYTES} bytes` };
