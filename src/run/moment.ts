import type { Sha256 } from "#canon/digest.ts";

/** What the core is told about the world outside: the time, in milliseconds since 1970, and a hash function. */
export type Moment = { readonly now: number; readonly sha256: Sha256 };
