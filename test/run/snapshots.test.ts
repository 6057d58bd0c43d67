import t from "tap";
import { timestampOf } from "#canon/timestamp.ts";
import { approval, digestOfText, planOf, run } from "./sample-plan.ts";
import { ScriptedRun } from "./scripted-run.ts";

const MINUTE = 60_000;
const digest = digestOfText("manifest");

const kinds = (driven: ScriptedRun): readonly string[] => driven.events.map(({ eventType }) => eventType);
const count = (driven: ScriptedRun, type: string): number => kinds(driven).filter((each) => each === type).length;
const wanted = (driven: ScriptedRun): string | undefined => driven.todo().find(({ kind }) => kind === "snapshot")?.key;
const incidentTimer = (driven: ScriptedRun): number | undefined =>
  driven
    .todo()
    .flatMap((effect) => (effect.kind === "timer" && effect.key === "timer:incident" ? [effect.dueAt] : []))[0];

/** A run that waits at a gate, whose snapshot was taken. */
function waiting(): ScriptedRun {
  const driven = new ScriptedRun(planOf([approval("ok"), run("after")])).go();
  driven.send({ kind: "snapshot", manifestDigest: digest });
  return driven;
}

function open(driven: ScriptedRun, forMs: number): void {
  driven.send({ kind: "incident", by: "ann", reason: "odd", until: timestampOf(driven.now + forMs) });
}

t.test("a gate that opens asks for a snapshot, once", async (t) => {
  const driven = new ScriptedRun(planOf([approval("ok"), run("after")])).go();
  t.match(wanted(driven), /^snapshot:[0-9]+$/);
  driven.send({ kind: "snapshot", manifestDigest: digest });
  t.equal(wanted(driven), undefined);
  t.equal(incidentTimer(driven), undefined, "there is no timer without an incident");
});

t.test("an incident asks for one at once and every minute, and ends with its time", async (t) => {
  const driven = waiting();
  open(driven, 3 * MINUTE + 1);
  const end = driven.now + 3 * MINUTE + 1;
  t.ok(wanted(driven), "at once");
  for (let minute = 1; minute <= 3; minute += 1) {
    driven.send({ kind: "snapshot", manifestDigest: digest });
    t.equal(wanted(driven), undefined);
    t.equal(incidentTimer(driven), driven.now + MINUTE);
    driven.now += MINUTE - 1;
    driven.send({ kind: "tick" });
    t.equal(wanted(driven), undefined, "not before the minute is over");
    driven.now += 1;
    driven.send({ kind: "tick" });
    t.ok(wanted(driven), `after ${minute} minutes`);
  }
  t.equal(incidentTimer(driven), end);
  driven.now = end;
  const [closed] = driven.send({ kind: "tick" });
  t.match(closed, { eventType: "incident.closed", metadata: {} });
  driven.send({ kind: "snapshot", manifestDigest: digest });
  t.equal(incidentTimer(driven), undefined);
  driven.now += 10 * MINUTE;
  driven.send({ kind: "tick" });
  t.equal(wanted(driven), undefined);
});

t.test("a snapshot that cannot be made is left out until the next minute", async (t) => {
  const driven = waiting();
  open(driven, 10 * MINUTE);
  driven.send({ kind: "snapshotFailed" });
  t.equal(wanted(driven), undefined);
  driven.now += MINUTE;
  driven.send({ kind: "tick" });
  t.ok(wanted(driven));
  t.equal(count(driven, "evidence.snapshot"), 1, "a failure writes nothing");
});

t.test("an incident that is opened again for a shorter time lasts as long as it did", async (t) => {
  const driven = waiting();
  open(driven, 10 * MINUTE);
  const { until } = driven.state.incident ?? {};
  open(driven, MINUTE);
  t.equal(driven.state.incident?.until, until);
  const said = driven.events.flatMap((event) => (event.eventType === "incident.opened" ? [event.metadata.until] : []));
  t.same(said, [timestampOf(until ?? 0), timestampOf(until ?? 0)], "and its event says so");
});

t.test("an incident that is open may be opened again for longer; a closed one is closed once", async (t) => {
  const driven = waiting();
  open(driven, MINUTE);
  open(driven, 5 * MINUTE);
  driven.now += 2 * MINUTE;
  driven.send({ kind: "tick" });
  t.equal(count(driven, "incident.closed"), 0);
  driven.send({ kind: "incidentOver", by: "ann" });
  driven.send({ kind: "incidentOver", by: "ann" });
  t.equal(count(driven, "incident.closed"), 1);
  t.equal(count(driven, "incident.opened"), 2);
  t.equal(driven.state.status, "waiting", "the gate waits for its approvals all the same");
});
