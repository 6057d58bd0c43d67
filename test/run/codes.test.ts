import t from "tap";
import { runCodes } from "#run/codes.ts";
import { faultOf } from "#fault/code-table.ts";

t.test("exit codes follow what a reason means", (t) => {
  const byExit = Map.groupBy(Object.entries(runCodes), ([, { exitCode }]): number => exitCode);
  const names = (exitCode: number): readonly string[] => (byExit.get(exitCode) ?? []).map(([code]) => code).toSorted();
  t.strictSame(names(5), [
    "APPROVAL_DUPLICATE",
    "GATE_CLOSED",
    "GATE_EXPIRED",
    "GATE_REJECTED",
    "GATE_UNKNOWN",
    "POLICY_DENIED",
    "POLICY_UNDECIDED",
    "RUN_FINISHED",
  ]);
  t.strictSame(names(7), ["LEDGER_BROKEN", "TIMELINE_INCOMPLETE"]);
  t.strictSame(names(10), ["CLOCK_BEHIND"]);
  t.strictSame(names(124), ["RUN_WALL_CLOCK"]);
  t.strictSame(names(130), ["RUN_CANCELLED"]);
  t.end();
});

t.test("a run that has ended says so to whoever comes late", (t) => {
  t.match(faultOf(runCodes, "RUN_FINISHED", { runId: "r" }), { message: "run r has ended", code: "RUN_FINISHED" });
  t.end();
});
