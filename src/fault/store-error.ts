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
