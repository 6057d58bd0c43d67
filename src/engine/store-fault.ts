/** True for the faults that say that nothing can be recorded now: the run stops as it is and can be resumed. */
export function isStoreFault(code: string): boolean {
  return code === "STORE_FULL" || code === "STORE_UNAVAILABLE" || code === "LEASE_LOST";
}
