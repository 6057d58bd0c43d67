import type { FaultData } from "#fault/fault.ts";
import type { ExpressionCode } from "./expression-codes.ts";

/** Something wrong with an expression, at UTF-16 offsets of its source. */
export type ExpressionProblem = {
  readonly code: ExpressionCode;
  readonly data: FaultData;
  readonly start: number;
  readonly end: number;
  readonly hint?: string;
};
