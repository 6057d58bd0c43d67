import * as fc from "fast-check";
import t from "tap";
import { addSloEvent, breachesOf, nextBreach, sloFacts } from "#app/service/slo-breach.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { Plan } from "#plan/plan.ts";
import { initialState } from "#run/state.ts";
import { fold } from "#run/turn.ts";
import { driveRandom } from "../../run/random-drive.ts";
import { randomPlan, randomScript } from "../../run/random-run.ts";
import { approval, identityOf, parallel, planOf, run } from "../../run/sample-plan.ts";
import { ScriptedRun } from "../../run/scripted-run.ts";

const MINUTE = 60_000;
const slo = { runP95Seconds: 600, approvalP95Seconds: 60 };
const promising = (plan: Plan): Plan => ({ ...plan, slo });
const gated = (): ScriptedRun => new ScriptedRun(promising(planOf([approval("ok"), run("after")]))).go();

t.test("what is known of a run from its state is what its events tell one by one", async (t) => {
  fc.assert(
    fc.property(randomPlan, randomScript, fc.nat(), (plan, chance, n) => {
      const { events } = driveRandom(plan, chance);
      const cut = n % (events.length + 1);
      const facts = sloFacts(fold(plan, identityOf(plan), events.slice(0, cut)));
      events.slice(cut).forEach((event) => addSloEvent(facts, event));
      t.strictSame(facts, sloFacts(fold(plan, identityOf(plan), events)));
    }),
    { numRuns: 100 },
  );
});

t.test("a gate that stands open and a run that goes on break what their pack promises, each at its time", async (t) => {
  const { state } = gated();
  const began = state.startedAt ?? 0;
  t.match(breachesOf(sloFacts(state), slo), [
    { commandId: "incident:slo:ok", reason: /gate ok .* slo\.approvalP95Seconds/, at: began + MINUTE },
    { commandId: "incident:slo", reason: /slo\.runP95Seconds/, at: began + 10 * MINUTE },
  ]);
  t.equal(nextBreach(state), began + MINUTE);
  t.equal(nextBreach(new ScriptedRun(planOf([approval("ok")])).go().state), Number.POSITIVE_INFINITY);
  t.equal(nextBreach(initialState(state.plan, state.identity)), Number.POSITIVE_INFINITY, "it has not begun");
});

t.test("each gate breaks it once, whatever becomes of the incident", async (t) => {
  const driven = new ScriptedRun(promising(planOf([parallel("both", [approval("a"), approval("b")])]))).go();
  const ids = (): readonly string[] => breachesOf(sloFacts(driven.state), slo).map(({ commandId }) => commandId);
  const gates = [...driven.state.live.open].map(({ id }) => id);
  t.same(ids().toSorted(), ["incident:slo", ...gates.map((id) => `incident:slo:${id}`)].toSorted());
  const [first = "", second = ""] = gates;
  const opened = { kind: "incident", by: "slo", reason: "late", until: timestampOf(driven.now + MINUTE) } as const;
  driven.sendAs({ id: `incident:slo:${first}`, ...opened });
  t.notOk(ids().includes(`incident:slo:${first}`));
  driven.send({ kind: "incidentOver", by: "ann" });
  t.notOk(ids().includes(`incident:slo:${first}`), "nor when it was closed");
  t.ok(ids().includes(`incident:slo:${second}`));
  driven.approve(second).go();
  t.notOk(ids().includes(`incident:slo:${second}`), "nor a gate that has ended");
});

t.test("other events change nothing", async (t) => {
  const facts = sloFacts(gated().state);
  const other = { eventType: "step.output", stepId: "ok" } as unknown as LedgerEvent;
  t.notOk(addSloEvent(facts, other));
  t.ok(facts.open.has("ok"));
});
