import type { Clock } from "#port/clock.ts";
import type { RunStore } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { evolve } from "#run/evolve.ts";
import { goesOnAt } from "#run/goes-on-at.ts";
import type { RunState } from "#run/state.ts";
import { keyOf } from "./take-over.ts";

export type Following = {
  /** Whichever comes first ends the following. */
  readonly signals: readonly AbortSignal[];
  /** Called with what others have written. */
  readonly onEvents: (events: readonly LedgerEvent[]) => void;
};

/** How often a run that another process has taken is looked at, in milliseconds: that process may die. */
export const BUSY_MS = 125;
/** Longest wait before the clock and the store are asked again, in milliseconds: a host may have slept. */
const LOOK_AGAIN_MS = 60_000;

/**
 * Follows a run that only waits, or that another process drives, until it has something to do that nobody does or a
 * signal has come. Rejects with a `StoreError` where the medium fails.
 * 1. Looking never writes. What others write is folded into `state`; that they have taken the run over is no reason to
 *    do so, too: two that wait for the same decision would take it from each other for ever.
 * 2. The lease is looked at before the ledger: what its holder wrote before it gave the lease back is known.
 */
export async function followRun(
  state: RunState,
  { store, clock }: { readonly store: RunStore; readonly clock: Clock },
  { signals, onEvents }: Following,
): Promise<void> {
  const key = keyOf(state.identity);
  for (;;) {
    // Of each turn its own: a promise that outlives a race keeps something of it.
    using interruption = firstOf(signals);
    const isDriven = (await store.leases.current(key)) !== undefined;
    for await (const event of store.ledger.read(key, state.head.sequence)) {
      evolve(state, event);
      onEvents([event]);
    }
    const left = goesOnAt(state) - clock.now();
    const isWanted = !isDriven && (left <= 0 || (await store.inbox.pending(key)).length > 0);
    if (isWanted || signals.some((signal) => signal.aborted)) {
      return;
    }
    const changed = isDriven
      ? store.ledger.changed(key, Number.MAX_SAFE_INTEGER, BUSY_MS)
      : store.ledger.changed(key, state.head.sequence, Math.min(LOOK_AGAIN_MS, left));
    await Promise.race([changed, interruption.come]);
  }
}

function firstOf(signals: readonly AbortSignal[]): Disposable & { readonly come: Promise<void> } {
  const over = new AbortController();
  const come = new Promise<void>((resolve) => {
    for (const signal of signals) {
      signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
    }
  });
  return { come, [Symbol.dispose]: () => over.abort() };
}
