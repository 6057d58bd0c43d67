import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { RunStore } from "#port/run-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { systemClock } from "../port/system-clock.ts";
import { tickingClock } from "../port/ticking-clock.ts";
import { failedFor } from "#run/outcome.ts";
import { planOf, policy, run } from "../run/sample-plan.ts";
import { failure, rig, success, type Script } from "./rig.ts";

const full = (): Result<never> => fail(faultOf(storeCodes, "STORE_FULL", { problem: "no room" }));

/** The memory store, with appends that fail from the first output on. */
function fullAtOutput(): RunStore {
  const store = memoryRunStore({ clock: systemClock });
  const { ledger } = store;
  return {
    ...store,
    ledger: {
      ...ledger,
      append: (key, lease, head, events, options) =>
        events.some(({ eventType }) => eventType === "step.output")
          ? Promise.resolve(full())
          : ledger.append(key, lease, head, events, options),
    },
  };
}

t.test("a step that goes on printing does not keep a shift alive whose store is full", async (t) => {
  const chatty: Script = async ({ sink }) => {
    // Like a pump: what stands in the pipe is carried to its end, whatever became of the step.
    for (let line = 0; line < 5; line += 1) {
      await sink({ stream: "stdout", lines: [`line ${line}`] });
    }
    return { kind: "cancelled", durationMs: 1, artifacts: [] };
  };
  const { drive, trail } = await rig(planOf([run("a")]), chatty, { store: fullAtOutput() });
  const end = await drive();
  t.match(end, { ok: false, fault: { code: "STORE_FULL" } });
  t.ok(trail.includes("stop a now"));
  t.equal(trail.at(-1), "end a");
});

t.test("a store that throws where it has no Result ends the shift with its fault", async (t) => {
  const store = memoryRunStore({ clock: systemClock });
  const gone = faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: "gone" });
  const inbox = { ...store.inbox, pending: () => Promise.reject(new StoreError(gone)) };
  const { drive, trail } = await rig(planOf([run("a")]), () => Promise.resolve(success()), {
    store: { ...store, inbox },
  });
  t.match(await drive(), { ok: false, fault: { code: "STORE_UNAVAILABLE" } });
  t.same(trail, []);
});

t.test(
  "an attempt that cannot be prepared because something threw fails, and the run goes on to its end",
  async (t) => {
    const { drive, events } = await rig(
      planOf([run("a")], { finally: [run("tidy")] }),
      () => Promise.resolve(success()),
      {
        attempts: {
          prepare: ({ stepId }) => Promise.reject(new Error(`${stepId}: the scratch folder is gone`)),
        },
      },
    );
    const end = await drive();
    t.ok(end.ok && end.value.state.status === "failed" && end.value.state.reason === "STEP_SETUP");
    const failed = (await events()).find(({ eventType }) => eventType === "step.failed");
    t.match(failed?.metadata, { reason: "STEP_SETUP", hint: "a: the scratch folder is gone" });
  },
);

t.test("a store that fails while an attempt is prepared or carried out leaves a run that can be resumed", async (t) => {
  const error = new StoreError(faultOf(storeCodes, "STORE_FULL", { problem: "no room" }));
  const unprepared = await rig(planOf([run("a")]), () => Promise.resolve(success()), {
    attempts: { prepare: () => Promise.reject(error) },
  });
  t.match(await unprepared.drive(), { ok: false, fault: { code: "STORE_FULL" } });
  const unkept = await rig(planOf([run("a")]), () => Promise.reject(error));
  t.strictSame(await unkept.drive(), { ok: false, fault: error.fault }, "with its hint apart");
  t.equal((await unkept.events()).at(-1)?.eventType, "sandbox.enforced");
});

t.test("a store that is full when outputs are kept is told as it told it: message and hint apart", async (t) => {
  const { fault } = new StoreError(faultOf(storeCodes, "STORE_FULL", { problem: "no room" }));
  const kept = await rig(planOf([run("a")]), () => Promise.resolve({ ...failure, ...failedFor(fault) }));
  t.strictSame(await kept.drive(), { ok: false, fault });
});

t.test("a gate whose keeper has a bug ends the command, not the process", async (t) => {
  const { drive, store, identity } = await rig(planOf([policy("check")]), () => Promise.resolve(success()), {
    policies: { evaluate: () => Promise.reject(new Error("a bug")) },
  });
  await t.rejects(drive(), { message: "a bug" });
  t.equal(await store.leases.current(identity), undefined);
});

t.test("a lease that is lost while the run is taken over starts nothing", async (t) => {
  const clock = tickingClock();
  const store = memoryRunStore({ clock });
  const leases = { ...store.leases, renew: () => Promise.resolve(undefined) };
  const plan = planOf([run("a")]);
  const { drive, trail, events } = await rig(plan, () => Promise.resolve(success()), {
    clock,
    store: { ...store, leases },
    recompile: async () => {
      clock.tick(5000);
      await new Promise(setImmediate);
      return ok(canonicalBytes(plan));
    },
  });
  t.match(await drive(), { ok: false, fault: { code: "LEASE_EXPIRED" } });
  t.same(trail, []);
  t.same(
    (await events()).map(({ eventType }) => eventType),
    ["run.created"],
  );
});

t.test("an abort that came before the run was taken over is not forgotten", async (t) => {
  const { drive, trail } = await rig(planOf([run("a")]), () => Promise.resolve(success()));
  const end = await drive({ abort: AbortSignal.abort() });
  t.ok(end.ok && end.value.end === "aborted");
  t.same(trail, []);
});

t.test("a store that cannot be read while the run is taken over is no drift: the run can be resumed", async (t) => {
  const gone = faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: "too many open files" });
  const plan = planOf([run("a")]);
  let reads = 0;
  const { drive } = await rig(plan, () => Promise.resolve(success()), {
    recompile: () => {
      reads += 1;
      return Promise.resolve(reads === 1 ? fail(gone) : ok(canonicalBytes(plan)));
    },
  });
  t.match(await drive(), { ok: false, fault: { code: "STORE_UNAVAILABLE" } });
  const end = await drive();
  t.ok(end.ok && end.value.state.status === "succeeded");
});
