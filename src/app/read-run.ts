import { existsSync } from "node:fs";
import { join } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Plan } from "#plan/plan.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { LedgerStore, RunIdentity, RunKey } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { runCodes } from "#run/codes.ts";
import { evolve } from "#run/evolve.ts";
import { initialState, type RunState } from "#run/state.ts";
import { runAnswer, type RunAnswer } from "./run-answer.ts";
import { storedPlan } from "./stored-plan.ts";
import type { Workplace } from "./workplace.ts";

/** Folds a run, wherever its ledger is; `seen` is called with each event on the way, but for what steps printed at times. */
export type ReadState = (seen?: (event: LedgerEvent) => void) => Promise<Result<RunState>>;

/** Folds the ledger of a run over its plan; `seen` is called with each event on the way. Faults: LEDGER_BROKEN, those of the store. */
export async function readRunState(
  identity: RunIdentity,
  workplace: Workplace,
  seen?: (event: LedgerEvent) => void,
): Promise<Result<RunState>> {
  const plan = await storedPlan(identity, workplace);
  return plan.ok ? fold(plan.value, identity, workplace.store.ledger, seen) : plan;
}

/** The same over any ledger store, and only over the pinned plan. */
export async function foldLedger(identity: RunIdentity, ledger: LedgerStore): Promise<Result<RunState>> {
  const bytes = await ledger.getFile(identity, "plan.canonical.json");
  const plan = bytes.ok ? readPlan(bytes.value) : bytes;
  return plan.ok ? fold(plan.value, identity, ledger) : plan;
}

async function fold(
  plan: Plan,
  identity: RunIdentity,
  ledger: LedgerStore,
  seen?: (event: LedgerEvent) => void,
): Promise<Result<RunState>> {
  const state = initialState(plan, identity);
  let isEmpty = true;
  try {
    for await (const event of ledger.read(identity)) {
      isEmpty = false;
      evolve(state, event);
      seen?.(event);
    }
    // A run begins with its first events.
    return isEmpty ? fail(faultOf(runCodes, "LEDGER_BROKEN", { problem: "event 1: it is not there" })) : ok(state);
  } catch (error) {
    if (error instanceof StoreError) {
      return fail(error.fault);
    }
    throw error;
  }
}

/** A run as people and programs ask for it. */
export async function readRun(
  key: RunKey,
  workplace: Workplace,
): Promise<Result<{ readonly state: RunState; readonly answer: RunAnswer }>> {
  const identity = await workplace.store.ledger.identity(key);
  const state = identity.ok ? await readRunState(identity.value, workplace) : identity;
  return state.ok
    ? ok({
        state: state.value,
        answer: runAnswer(state.value, evidenceOf(state.value, workplace), workplace.clock.now()),
      })
    : state;
}

/** The sealed bundle of a run where `run` puts it, or undefined before it is sealed. */
function evidenceOf(state: RunState, { settings }: Workplace): string | undefined {
  const folder = join(settings.stateFolder, "evidence", state.identity.runId);
  return existsSync(folder) ? folder : undefined;
}
