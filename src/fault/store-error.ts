import type { Fault } from "./fault.ts";

/** How a fault leaves a store where no `Result` can carry it: out of an iteration, or out of a lease operation. */
export class StoreError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`${fault.code}: ${fault.message}`);
    this.name = "StoreError";
    this.fault = fault;
  }
}

/** Whether a store that is there says that it has not these bytes any more as they were stored. */
export function isSpoilt({ code }: Fault): boolean {
  return code === "ARTIFACT_MISSING" || code === "ARTIFACT_CORRUPT";
}
