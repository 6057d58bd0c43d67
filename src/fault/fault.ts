import type { Place } from "./place.ts";

/** Values that a message template may name. */
export type FaultData = Readonly<Record<string, string | number | boolean>>;

/** An expected failure, as data. `code` is an entry of one room's code table. */
export type Fault<Code extends string = string> = {
  readonly code: Code;
  readonly message: string;
  readonly hint?: string;
  readonly data?: FaultData;
  readonly place?: Place;
};
