import { StoreError } from "#fault/store-error.ts";
import type { RunIdentity, RunRow } from "#port/run-store.ts";
import type { RunState } from "#run/state.ts";
import { goesOnAt } from "#run/goes-on-at.ts";
import { readRunState } from "../read-run.ts";
import type { Workplace } from "../workplace.ts";
import { nextBreach } from "./slo-breach.ts";

type Wait = {
  /** Of the row that this was read for. */
  readonly updatedAt: string;
  /** Of the last event that is known. */
  readonly sequence: number;
  /** When the run goes on by itself, in milliseconds since 1970; infinite when only people can let it. */
  readonly dueAt: number;
};

/** How often runs that wait are held against their ledgers, in milliseconds: a process may die before it wrote a row. */
const SWEEP_MS = 30_000;

/**
 * What is known of runs that wait, so that nothing is read twice to find that there is nothing to do.
 * 1. A run is read when its row is new or has changed, and its ledger is looked at again after `SWEEP_MS`, and before it
 *    is said to be due: another may have done what was.
 * 2. Looking never writes: a run that was looked at in vain is not taken over.
 */
export class RunWaits {
  readonly #waits = new Map<string, Wait>();
  readonly #dueOf: (state: RunState) => number;
  #sweptAt = 0;

  /** With `opensIncidents`, a run that breaks an objective of its pack is due. */
  constructor(opensIncidents: boolean) {
    this.#dueOf = opensIncidents ? (state) => Math.min(goesOnAt(state), nextBreach(state)) : goesOnAt;
  }

  /** Runs of these that have something to do by themselves now. `news`: those with commands in their inbox. */
  async due(
    rows: readonly RunRow[],
    news: ReadonlySet<string>,
    workplaceOf: (row: RunRow) => Workplace,
    now: number,
  ): Promise<readonly RunRow[]> {
    const sweep = now - this.#sweptAt >= SWEEP_MS;
    this.#sweptAt = sweep ? now : this.#sweptAt;
    const found: RunRow[] = [];
    for (const row of rows) {
      if (news.has(row.runId) || (await this.#isDue(row, workplaceOf(row), sweep, now))) {
        found.push(row);
      }
    }
    this.#forget(rows);
    return found;
  }

  /** A run was just left waiting in this state. */
  left(row: Pick<RunRow, "runId" | "updatedAt">, state: RunState): void {
    const { sequence } = state.head;
    this.#waits.set(row.runId, { updatedAt: row.updatedAt, sequence, dueAt: this.#dueOf(state) });
  }

  async #isDue(row: RunRow, workplace: Workplace, sweep: boolean, now: number): Promise<boolean> {
    const known = this.#waits.get(row.runId);
    if (known?.updatedAt === row.updatedAt) {
      const isDue = known.dueAt <= now;
      if (!(isDue || sweep) || !(await hasGrown(row, known.sequence, workplace))) {
        return isDue;
      }
    }
    const state = await readRunState(row, workplace);
    if (!state.ok) {
      // Whoever drives it meets the same fault, and puts off this run alone.
      return true;
    }
    this.left(row, state.value);
    return this.#dueOf(state.value) <= now;
  }

  #forget(rows: readonly RunRow[]): void {
    const there = new Set(rows.map(({ runId }) => runId));
    for (const runId of this.#waits.keys()) {
      if (!there.has(runId as RunRow["runId"])) {
        this.#waits.delete(runId);
      }
    }
  }
}

/** One that cannot be read counts as grown: whoever reads it whole is told why. */
async function hasGrown(run: RunIdentity, sequence: number, { store }: Workplace): Promise<boolean> {
  try {
    for await (const _event of store.ledger.read(run, sequence)) {
      return true;
    }
    return false;
  } catch (error) {
    if (error instanceof StoreError) {
      return true;
    }
    throw error;
  }
}
