import t from "tap";
import type { RunAnswer } from "#app/run-answer.ts";
import { runJson } from "#cli/run-json.ts";

const run: RunAnswer = {
  runId: "r",
  planHash: "sha256:0",
  pack: { name: "a/b", version: "1.0.0" },
  status: "waiting",
  requestedBy: "ann",
  steps: [{ id: "a", kind: "run", status: "pending", attempts: 0 }],
  outputs: {},
  pendingGates: [],
};

t.test("what there is nothing to say of is null, and what is said stays", async (t) => {
  t.strictSame(runJson(run), {
    schemaVersion: 1,
    ...run,
    reason: null,
    evidence: null,
    steps: [{ ...run.steps[0], reason: null, durationMs: null }],
  });
  const said = {
    ...run,
    reason: "STEP_FAILED",
    evidence: "/e",
    steps: [{ id: "a", kind: "run", status: "failed", attempts: 1, reason: "STEP_EXIT", durationMs: 7 }],
  } as const;
  t.strictSame(runJson(said), { schemaVersion: 1, ...said });
});
