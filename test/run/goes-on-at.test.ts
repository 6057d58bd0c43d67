import t from "tap";
import { timestampOf } from "#canon/timestamp.ts";
import { goesOnAt } from "#run/goes-on-at.ts";
import { approval, parallel, planOf, run } from "./sample-plan.ts";
import { ScriptedRun } from "./scripted-run.ts";

const NEVER = Number.POSITIVE_INFINITY;
/** Waits at its gate, which wants two approvals and has an hour. */
const gated = (): ScriptedRun => new ScriptedRun(planOf([run("a"), approval("ok"), run("b")])).go();

t.test("a run that waits goes on when its first gate is over, and a decision alone does not change that", (t) => {
  const driven = new ScriptedRun(planOf([parallel("both", [approval("ok"), approval("more")])])).go();
  const opened = Object.values(driven.state.gates).map((gate) => gate.opened?.notAfter ?? 0);
  t.equal(goesOnAt(driven.state), Math.min(...opened));
  driven.decide("ok", "ann");
  t.equal(goesOnAt(driven.state), Math.min(...opened));
  driven.takeOver();
  t.equal(goesOnAt(driven.state), Math.min(...opened), "nor that it was taken over in vain");
  t.end();
});

t.test(
  "approvals that nobody has confirmed yet, and a run that somebody has left in the middle, are due at once",
  (t) => {
    const decided = gated().approve("ok");
    t.equal(decided.state.status, "waiting");
    t.equal(goesOnAt(decided.state), 0);
    t.equal(goesOnAt(decided.go().state), 0, "it has ended");
    const begun = new ScriptedRun(planOf([run("a")]), { acts: { a: "hang" } }).go();
    t.equal(goesOnAt(begun.state), 0);
    const halfTaken = gated();
    halfTaken.send({ kind: "acquire", owner: "second", fence: 2 });
    t.equal(goesOnAt(halfTaken.state), 0, "its plan is not verified");
    t.end();
  },
);

t.test("a snapshot that is missing lets no run go on; an incident that is open is due when the next one is", (t) => {
  const driven = gated();
  driven.send({ kind: "snapshotFailed" });
  const due = goesOnAt(driven.state);
  const until = timestampOf(driven.now + 600_000);
  driven.send({ kind: "incident", by: "ann", reason: "why", until });
  t.equal(goesOnAt(driven.state), driven.now + 600_000);
  driven.send({ kind: "snapshot", manifestDigest: driven.state.identity.planHash });
  t.equal(goesOnAt(driven.state), driven.now + 60_000);
  t.ok(due > driven.now && due < NEVER);
  t.end();
});
