import t from "tap";
import { RowMarks } from "#app/service/row-marks.ts";
import { rowOf } from "#app/run-row.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { ok } from "#fault/result.ts";
import type { RunRow } from "#port/run-store.ts";
import { approval, planOf, run } from "../../run/sample-plan.ts";
import { ScriptedRun } from "../../run/scripted-run.ts";

const MINUTE = 60_000;

t.test("others see that a run has begun, that an incident of it is open, and that it is over", async (t) => {
  const driven = new ScriptedRun(planOf([run("a"), approval("ok")]), { acts: { a: "late" } });
  const before = rowOf(driven.state.identity, driven.state);
  const put: RunRow[] = [];
  const index = {
    put: async (row: RunRow) => {
      put.push(row);
      return ok(undefined);
    },
  };
  const marks = new RowMarks({ ...before, status: "pending" }, index);
  marks.take(driven.events);
  const { startedAt } = rowOf(driven.state.identity, driven.state);
  t.match(startedAt, /^2/);
  t.match(put, [{ status: "running", runId: before.runId, startedAt }]);
  t.notOk("incident" in (put[0] ?? {}));
  const until = timestampOf(driven.now + 10 * MINUTE);
  marks.take(driven.send({ kind: "incident", by: "ann", reason: "odd", until }));
  t.match(put[1], { status: "running", incident: until });
  t.equal(rowOf(driven.state.identity, driven.state).incident, until, "as the row at the end of the shift says");
  marks.take(driven.send({ kind: "tick" }));
  t.equal(put.length, 2, "nothing else is said");
  const closing = driven.send({ kind: "incidentOver", by: "ann" });
  marks.take(closing);
  t.match(put[2], { status: "running", incident: undefined });
  t.ok((put[2]?.updatedAt ?? "~") < (closing[0]?.timestamp ?? ""), "and the row at the end of the shift is later");
  await marks.end();
});

t.test("an incident of a run that waits leaves it waiting", async (t) => {
  const driven = new ScriptedRun(planOf([approval("ok"), run("after")])).go();
  const put: RunRow[] = [];
  const index = {
    put: async (row: RunRow) => {
      put.push(row);
      return ok(undefined);
    },
  };
  const marks = new RowMarks(rowOf(driven.state.identity, driven.state), index);
  const until = timestampOf(driven.now + MINUTE);
  marks.take(driven.send({ kind: "incident", by: "ann", reason: "odd", until }));
  t.match(put, [{ status: "waiting", incident: until }]);
  await marks.end();
});
