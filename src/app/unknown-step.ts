import { faultOf } from "#fault/code-table.ts";
import { nearestName } from "#fault/did-you-mean.ts";
import type { Fault } from "#fault/fault.ts";
import { appCodes } from "./codes.ts";

/** STEP_UNKNOWN, of a run that has these steps and not the one that was named; its hint names the one that may have been meant. */
export function unknownStep(stepId: string, runId: string, known: Iterable<string>): Fault {
  const near = nearestName(stepId, known);
  const more = near === undefined ? {} : { hint: `did you mean ${near}?` };
  return faultOf(appCodes, "STEP_UNKNOWN", { stepId, runId }, more);
}
