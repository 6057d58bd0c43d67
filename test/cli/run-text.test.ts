import t from "tap";
import type { RunAnswer } from "#app/run-answer.ts";
import { runText } from "#cli/run-text.ts";

const step = (id: string, more: Partial<RunAnswer["steps"][number]> = {}): RunAnswer["steps"][number] => ({
  id,
  kind: "run",
  status: "succeeded",
  attempts: 1,
  durationMs: 340,
  ...more,
});

const run = (...steps: RunAnswer["steps"]): RunAnswer => ({
  runId: "0198c5a0-0000-7000-8000-000000000001",
  planHash: `sha256:${"0".repeat(64)}`,
  pack: { name: "acme/mirror", version: "1.0.0" },
  status: "failed",
  reason: "STEP_OOM",
  requestedBy: "ann",
  steps,
  outputs: {},
  pendingGates: [],
});

const how = ({ gateId }: { readonly gateId: string }): string => `approve ${gateId}`;
const stepsOf = (text: string): readonly string[] => text.split("\n").filter((line) => line.startsWith("  "));

const used = run(
  step("fetch", {
    usage: { hit: [], memoryPeakBytes: 2 * 1024 * 1024, cpuMs: 12 },
    egress: { requests: 2, bytesIn: 2048, bytesOut: 100 },
  }),
  step("build-it", { status: "failed", reason: "STEP_OOM", attempts: 2, usage: { hit: ["memoryBytes"], ioBytes: 7 } }),
  step("push", { status: "skipped", attempts: 0 }),
);

t.test("what steps used is shown beside them when it is asked for", async (t) => {
  t.strictSame(stepsOf(runText(used, how, { use: true })), [
    "  ✓ fetch     succeeded  340ms                     memory 2Mi  cpu 12ms         2 requests  in 2Ki  out 100B",
    "  ✗ build-it  failed  STEP_OOM  340ms  2 attempts                        io 7B                                hit memoryBytes",
    "  - push      skipped  340ms",
  ]);
  t.strictSame(stepsOf(runText(used, how)), [
    "  ✓ fetch     succeeded  340ms",
    "  ✗ build-it  failed  STEP_OOM  340ms  2 attempts",
    "  - push      skipped  340ms",
  ]);
});

t.test("a gate that waits says how to approve it, one whose time is over how to have that recorded", (t) => {
  const gate = { id: "ok", approval: "go", required: 2, have: 1, notAfter: "2026-01-05T09:00:00.000Z", expired: false };
  const waits = step("ok", { kind: "gate.approval", status: "waiting" });
  const open = { ...run(waits), status: "waiting", pendingGates: [gate] };
  const tellOf = ({ gateId, expired }: { readonly gateId: string; readonly expired: boolean }): string =>
    expired ? "resume" : `approve ${gateId}`;
  t.match(
    runText(open, tellOf),
    /^ {2}\? ok {2}waiting {2}340ms\nwaits {5}gate ok has 1 of 2 approvals, until 2026-01-05T09:00:00.000Z\n {10}approve ok\n/m,
  );
  t.match(
    runText({ ...open, pendingGates: [{ ...gate, expired: true }] }, tellOf),
    /^ {2}\? ok {2}waiting {2}expired {2}340ms\nwaits {5}gate ok expired 2026-01-05T09:00:00.000Z with 1 of 2 approvals; [^\n]*\n {10}resume\n/m,
  );
  t.end();
});

t.test("a run of which nothing was measured is shown as ever", async (t) => {
  const plain = run(step("a"), step("bcd"));
  t.equal(runText(plain, how, { use: true }), runText(plain, how));
});
