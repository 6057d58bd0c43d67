import type { Digest } from "#canon/digest.ts";
import type { LedgerEvent } from "./event.ts";

type Head = { readonly sequence: number; readonly hash: Digest };

/**
 * The head of a ledger once `events` stand behind `head`. Throws when they do not follow it and each other: stores are
 * given sealed events, so that is a bug of whoever sealed them. Hashes are not computed again here; readers do that.
 */
export function headBehind(head: Head, events: readonly LedgerEvent[]): Head {
  let end = head;
  for (const { sequence, prev, hash } of events) {
    if (sequence !== end.sequence + 1 || prev !== end.hash) {
      throw new Error(`event ${sequence} does not follow event ${end.sequence}`);
    }
    end = { sequence, hash };
  }
  return end;
}
