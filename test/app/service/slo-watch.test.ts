import t from "tap";
import { SloWatch } from "#app/service/slo-watch.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import type { Plan } from "#plan/plan.ts";
import { approval, planOf, run } from "../../run/sample-plan.ts";
import { ScriptedRun, START } from "../../run/scripted-run.ts";
import { tickingClock } from "../../port/ticking-clock.ts";

const MINUTE = 60_000;
const slo = { runP95Seconds: 600, approvalP95Seconds: 60 };
const promising = (plan: Plan): Plan => ({ ...plan, slo });
const gated = (): ScriptedRun => new ScriptedRun(promising(planOf([approval("ok"), run("after")]))).go();

/** A watch over a run, with what it put into the inbox; `fails` says whether the next put does, and `held` holds it up. */
function watched(
  driven: ScriptedRun,
  fails: () => boolean = () => false,
  held: () => Promise<void> = () => Promise.resolve(),
) {
  const clock = tickingClock(START);
  const put: InboxCommand[] = [];
  const done: string[] = [];
  const key = driven.state.identity;
  const inbox = {
    put: async (_: unknown, command: InboxCommand): Promise<Result<void>> => {
      await held();
      if (fails()) {
        return fail(faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: "gone" }));
      }
      put.push(command);
      return ok(undefined);
    },
    done: async (_: unknown, ids: readonly string[]) => void done.push(...ids),
  };
  const watch = new SloWatch(key, driven.state, { clock, inbox, incidentMs: 10 * MINUTE });
  const tick = async (milliseconds: number): Promise<void> => {
    clock.tick(milliseconds);
    await new Promise((resolve) => void setImmediate(resolve));
  };
  return { clock, put, done, watch, tick };
}
t.test("what is due already is put at once, and what comes due when it does", async (t) => {
  const driven = gated();
  const { watch, put, tick, clock, done } = watched(driven);
  clock.tick(2 * MINUTE);
  t.ok((await watch.begin()).ok);
  t.match(put, [{ commandId: "incident:slo:ok", kind: "incident", body: { state: "open", by: "slo" } }]);
  t.match(put, [{ body: { until: timestampOf(clock.now() + 10 * MINUTE) } }]);
  for (let minute = 0; minute < 20; minute += 1) {
    await tick(MINUTE);
  }
  t.same(
    put.map(({ commandId }) => commandId),
    ["incident:slo:ok", "incident:slo"],
  );
  await watch.end();
  t.same(done, [], "a run that goes on finds it in its inbox");
});

t.test("gates that open and end while the run is driven are seen; nothing is put once it is left", async (t) => {
  const driven = new ScriptedRun(promising(planOf([approval("ok"), run("after")])));
  const { watch, put, tick } = watched(driven);
  const before = driven.events.length;
  t.ok((await watch.begin()).ok);
  driven.go();
  watch.take(driven.events.slice(before));
  await tick(MINUTE - 1000);
  t.same(put, []);
  const passing = driven.events.length;
  driven.approve("ok").go();
  watch.take(driven.events.slice(passing));
  await tick(MINUTE);
  t.same(put, [], "the gate has passed in time");
  await watch.end();
  await tick(60 * MINUTE);
  t.same(put, []);
});

t.test("a store that is gone is told at the beginning, and asked again later", async (t) => {
  const driven = gated();
  let isGone = true;
  const first = watched(driven, () => isGone);
  first.clock.tick(2 * MINUTE);
  t.match(await first.watch.begin(), { fault: { code: "STORE_UNAVAILABLE" } });
  const { watch, put, tick } = watched(driven, () => isGone);
  t.ok((await watch.begin()).ok, "nothing was due");
  await tick(MINUTE);
  t.same(put, []);
  isGone = false;
  await tick(1000);
  t.same(put, []);
  await tick(4000);
  t.match(put, [{ commandId: "incident:slo:ok" }]);
  await watch.end();
});

/** A store that is slow: what is put waits until it is let go on, and how many puts wait at a time is counted. */
function slowStore() {
  const gates: PromiseWithResolvers<void>[] = [];
  const most = { waiting: 0 };
  let waiting = 0;
  return {
    most,
    held: async (): Promise<void> => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      waiting += 1;
      most.waiting = Math.max(most.waiting, waiting);
      await gate.promise;
      waiting -= 1;
    },
    letGo: async (): Promise<void> => {
      gates.shift()?.resolve();
      await new Promise((resolve) => void setImmediate(resolve));
    },
  };
}

t.test("while the store holds a put up, nothing else is put, and no timer outlives the end", async (t) => {
  const driven = new ScriptedRun(promising(planOf([approval("ok"), approval("also"), run("after")])));
  const store = slowStore();
  const { watch, put, tick, done } = watched(driven, () => false, store.held);
  const before = driven.events.length;
  t.ok((await watch.begin()).ok);
  driven.go();
  const opened = driven.events.slice(before);
  watch.take(opened);
  await tick(2 * MINUTE);
  const passing = driven.events.length;
  driven.approve("ok").go();
  // While the first put is at work the run goes on, and another gate comes due.
  watch.take(driven.events.slice(passing));
  for (let minute = 0; minute < 5; minute += 1) {
    await tick(MINUTE);
  }
  t.equal(store.most.waiting, 1, "one after another");
  let isEnded = false;
  const end = async (): Promise<void> => {
    await watch.end();
    isEnded = true;
  };
  const ending = end();
  await tick(1);
  t.notOk(isEnded, "what is at work is waited for");
  await store.letGo();
  await ending;
  const there = put.length;
  t.equal(there, 1);
  for (let minute = 0; minute < 30; minute += 1) {
    await tick(MINUTE);
    await store.letGo();
  }
  t.equal(put.length, there, "nothing is put into the inbox of a run that is left");
  t.same(done, [], "it has not ended");
});

t.test("a run that ends while something is put into its inbox does not keep it, sealed or not", async (t) => {
  const driven = gated();
  const store = slowStore();
  const { watch, put, tick, done } = watched(driven, () => false, store.held);
  t.ok((await watch.begin()).ok);
  await tick(2 * MINUTE);
  const passing = driven.events.length;
  driven.approve("ok").go();
  t.equal(driven.state.status, "succeeded");
  watch.take(driven.events.slice(passing));
  await tick(60 * MINUTE);
  const ending = watch.end();
  await store.letGo();
  await ending;
  t.strictSame([put.map(({ commandId }) => commandId), done], [["incident:slo:ok"], ["incident:slo:ok"]]);
  const late = watched(driven);
  late.clock.tick(60 * MINUTE);
  t.ok((await late.watch.begin()).ok);
  t.same(late.put, [], "nor is anything put for a run that was over when it was taken");
  await late.watch.end();
});
