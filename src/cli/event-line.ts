import { canonicalJson } from "#canon/canonical-json.ts";
import type { LedgerEvent } from "./progress.ts";

/** An event as its line stands in the ledger. */
export function eventLine(event: LedgerEvent): string {
  return `${canonicalJson(event)}\n`;
}
