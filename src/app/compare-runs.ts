import { ok, type Result } from "#fault/result.ts";
import { runDiff, type RunDiff } from "#view/run-diff.ts";
import type { ReadState } from "./read-run.ts";

/** Two runs side by side. Faults: those of reading them. */
export async function compareRuns(before: ReadState, after: ReadState): Promise<Result<RunDiff>> {
  const left = await before();
  if (!left.ok) {
    return left;
  }
  const right = await after();
  return right.ok ? ok(runDiff(left.value, right.value)) : right;
}
