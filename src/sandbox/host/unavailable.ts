import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { sandboxCodes } from "../codes.ts";

export function unavailable(problem: string, remedy: string): Fault {
  return faultOf(sandboxCodes, "SANDBOX_UNAVAILABLE", { problem, remedy });
}
