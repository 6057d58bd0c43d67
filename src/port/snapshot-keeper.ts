import type { Digest } from "#canon/digest.ts";
import type { Result } from "#fault/result.ts";
import type { Head } from "./run-store.ts";

/**
 * Signs and keeps manifests of a run so far, for one run.
 * 1. `take` speaks of the ledger up to this head, which is in the store already, whatever is appended meanwhile.
 * 2. Asked again for the same head, it answers with the same manifest. What was kept is never changed or removed.
 */
export type SnapshotKeeper = { readonly take: (head: Head) => Promise<Result<Digest>> };
