import type { Result } from "#fault/result.ts";
import type { Reindexed } from "#port/run-store.ts";
import { readRunState } from "./read-run.ts";
import { readRow } from "./run-row.ts";
import type { Workplace } from "./workplace.ts";

/** Makes the run index again from the ledgers; a run that cannot be read hides no other. */
export function reindex(workplace: Workplace): Promise<Result<Reindexed>> {
  return workplace.store.index.reindex(async (identity) => {
    const state = await readRunState(identity, workplace);
    return state.ok ? readRow(identity, state.value, workplace.store.ledger) : state;
  });
}
