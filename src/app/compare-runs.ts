import { ok, type Result } from "#fault/result.ts";
import type { RunState } from "#run/state.ts";
import { runDiff, type RunDiff } from "#view/run-diff.ts";
import { readRun } from "./read-run.ts";
import { findRun } from "./run-reference.ts";
import type { Workplace } from "./workplace.ts";

/** Two runs of this tenant side by side, each named as people name runs. Faults: RUN_REFERENCE, RUN_UNKNOWN, those of the store. */
export async function compareRuns(before: string, after: string, workplace: Workplace): Promise<Result<RunDiff>> {
  const left = await stateOf(before, workplace);
  if (!left.ok) {
    return left;
  }
  const right = await stateOf(after, workplace);
  return right.ok ? ok(runDiff(left.value, right.value)) : right;
}

async function stateOf(text: string, workplace: Workplace): Promise<Result<RunState>> {
  const key = await findRun(text, workplace.settings.tenantId, workplace.store);
  const run = key.ok ? await readRun(key.value, workplace) : key;
  return run.ok ? ok(run.value.state) : run;
}
