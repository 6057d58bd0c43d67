import t from "tap";
import type { DriveOptions } from "#engine/drive-run.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { HolderLife } from "#port/run-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { memoryState } from "#store/memory/memory-state.ts";
import { approval, parallel, planOf, policy, run, sha256 } from "../run/sample-plan.ts";
import { systemClock } from "../port/system-clock.ts";
import { tickingClock } from "../port/ticking-clock.ts";
import { failure, rig, success, type Script } from "./rig.ts";

const succeed: Script = () => Promise.resolve(success());
const oneApproval = {
  approvals: {
    ok: { required: 1, from: ["approver"], ttlMs: 3_600_000, separationOfDuties: true, reasonRequired: false },
  },
};
const untilStopped: Script = async ({ stopped }) => {
  await stopped;
  return { kind: "cancelled", durationMs: 1, artifacts: [] };
};

t.test("a sequence runs to its end in order, one step at a time", async (t) => {
  const { drive, trail, events } = await rig(planOf([run("a"), run("b"), run("c")]), succeed);
  const end = await drive();
  t.ok(end.ok && end.value.end === "finished" && end.value.state.status === "succeeded");
  t.same(
    trail,
    ["a", "b", "c"].flatMap((id) => [`prepare ${id}`, `start ${id}`, `end ${id}`]),
  );
  const types = (await events()).map((event) => event.eventType);
  t.same(types.slice(0, 4), ["run.created", "lease.acquired", "plan.verified", "run.started"]);
  t.equal(types.at(-1), "run.finished");
});

t.test("no step gets its token before its start is in the ledger", async (t) => {
  const { drive, store, identity, trail } = await rig(planOf([run("a")]), async () => {
    const seen = (await Array.fromAsync(store.ledger.read(identity))).map((event) => event.eventType);
    trail.push(`ledger ${seen.at(-1) ?? ""} ${seen.includes("step.started") ? "started" : "missing"}`);
    return success();
  });
  await drive();
  t.ok(trail.some((line) => line.endsWith(" started")));
});

t.test("never more than maxParallel attempts run at once", async (t) => {
  let running = 0;
  let most = 0;
  const plan = planOf([
    parallel(
      "all",
      Array.from({ length: 20 }, (_, at) => run(`s${at}`)),
    ),
  ]);
  const { drive } = await rig(plan, async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return success();
  });
  const end = await drive({ maxParallel: 3 });
  t.ok(end.ok && end.value.state.status === "succeeded");
  t.equal(most, 3);
});

t.test("output is in the ledger before the step may go on printing", async (t) => {
  const { drive, events } = await rig(planOf([run("a")]), async ({ sink }) => {
    for (let at = 0; at < 3; at += 1) {
      await sink({ stream: "stdout", lines: [`line ${at}`] });
    }
    return success();
  });
  await drive();
  const lines = (await events()).flatMap((event) => (event.eventType === "step.output" ? event.metadata.lines : []));
  t.same(lines, ["line 0", "line 1", "line 2"]);
});

t.test("an orderly cancel stops what runs, and finally runs", async (t) => {
  const cancel = new AbortController();
  const plan = planOf([run("a"), run("b")], { finally: [run("last")] });
  const { drive, trail } = await rig(plan, async (step) => {
    if (step.stepId === "last") {
      return success();
    }
    cancel.abort();
    return untilStopped(step);
  });
  const end = await drive({ cancel: cancel.signal });
  t.ok(end.ok && end.value.state.status === "cancelled");
  t.ok(trail.includes("stop a") && trail.includes("start last"));
  t.notOk(trail.includes("start b"));
});

t.test("a cancel of a later shift counts although an earlier one was recorded", async (t) => {
  const plan = planOf([run("a")], { finally: [run("last", { idempotent: true })] });
  let [cancel, abort] = [new AbortController(), new AbortController()];
  let isFirst = true;
  const made = await rig(plan, async (step) => {
    (step.stepId === "last" && isFirst ? abort : cancel).abort();
    return untilStopped(step);
  });
  await made.drive({ cancel: cancel.signal, abort: abort.signal });
  isFirst = false;
  [cancel, abort] = [new AbortController(), new AbortController()];
  await made.drive({ cancel: cancel.signal });
  const ids = (await made.events()).flatMap((event) =>
    event.eventType === "run.cancelRequested" ? [event.metadata.commandId] : [],
  );
  t.equal(ids.length, 2);
  t.equal(new Set(ids).size, 2);
});

t.test("an abort ends everything at once and leaves a run that can be resumed", async (t) => {
  const abort = new AbortController();
  let first = true;
  const { drive, trail } = await rig(planOf([run("a", { idempotent: true })]), async (step) => {
    if (first) {
      first = false;
      abort.abort();
      return untilStopped(step);
    }
    return success();
  });
  const end = await drive({ abort: abort.signal });
  t.ok(end.ok && end.value.end === "aborted");
  t.ok(trail.includes("stop a now"));
});

t.test("a run that is released starts nothing more, keeps what ran to its end, and is there for others", async (t) => {
  const release = new AbortController();
  const { drive, trail, store, identity } = await rig(planOf([run("a"), run("b")]), () => {
    release.abort();
    return Promise.resolve(success());
  });
  const left = await drive({ release: release.signal });
  t.ok(left.ok && left.value.end === "aborted" && left.value.state.status === "running");
  t.ok(trail.includes("end a") && !trail.includes("start b"));
  t.equal(await store.leases.current(identity), undefined);
  const end = await drive();
  t.ok(end.ok && end.value.state.status === "succeeded");
  t.equal(trail.filter((line) => line === "start a").length, 1);
});

t.test("a run that only waits gives its lease back, and goes on once its gate was approved", async (t) => {
  const made = await rig(planOf([run("a"), approval("ok"), run("b")], oneApproval), succeed);
  const waiting = await made.drive();
  t.ok(waiting.ok && waiting.value.end === "idle" && waiting.value.state.status === "waiting");
  t.equal(await made.store.leases.current(made.identity), undefined);
  await made.store.inbox.put(made.identity, { commandId: "d1", kind: "decision", body: { gate: "ok" } });
  const recorded = await made.drive({ maxParallel: 0 });
  t.ok(recorded.ok && recorded.value.state.gates["ok"]?.decisions.length === 1, "a shift without steps records it");
  t.notOk(made.trail.includes("start b"));
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "succeeded");
  t.same(await made.store.inbox.pending(made.identity), []);
});

t.test("a waiting process goes on at once when another one decides", async (t) => {
  const made = await rig(planOf([approval("ok"), run("b")], oneApproval), succeed);
  const driven = made.drive({ wait: true });
  while (!(await made.events()).some((event) => event.eventType === "run.waiting")) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await made.store.inbox.put(made.identity, { commandId: "d1", kind: "decision", body: { gate: "ok" } });
  const end = await driven;
  t.ok(end.ok && end.value.state.status === "succeeded");
});

t.test("a decision that was sent too late while nobody drove the run is refused before its gate expires", async (t) => {
  let late = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + late };
  const notAfter = timestampOf(systemClock.now() + 60_000);
  const made = await rig(planOf([approval("ok"), run("b")], oneApproval), succeed, { clock });
  const { gates } = made.ports;
  Object.assign(gates, {
    open: () => Promise.resolve(ok({ requestDigest: made.identity.planHash, notAfter })),
    judge: () => Promise.resolve({ kind: "refused", code: "APPROVAL_LATE", hint: "it came too late" }),
  });
  await made.drive();
  await made.store.inbox.put(made.identity, { commandId: "d1", kind: "decision", body: { gate: "ok" } });
  await made.store.inbox.put(made.identity, { commandId: "d2", kind: "decision", body: { gate: "no-such" } });
  late = 120_000;
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "failed" && end.value.state.reason === "GATE_EXPIRED");
  const said = (await made.events()).flatMap((event) =>
    event.eventType === "gate.refused" ? [event.metadata.code] : event.eventType === "gate.expired" ? ["expired"] : [],
  );
  t.strictSame(said, ["APPROVAL_LATE", "GATE_UNKNOWN", "expired"]);
  t.same(await made.store.inbox.pending(made.identity), []);
});

t.test("the same inbox command twice is recorded once", async (t) => {
  const made = await rig(planOf([approval("ok"), run("b")], oneApproval), succeed);
  await made.drive();
  const command = { commandId: "c1", kind: "cancel" as const, body: { by: "alice" } };
  await made.store.inbox.put(made.identity, command);
  await made.store.inbox.put(made.identity, command);
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "cancelled");
  const requests = (await made.events()).filter((event) => event.eventType === "run.cancelRequested");
  t.equal(requests.length, 1);
});

t.test("a plan that recompiles to other bytes is drift: nothing runs", async (t) => {
  const plan = planOf([run("a"), run("b")], { finally: [run("last")] });
  const other = planOf([run("a"), run("b", { command: ["false"] })], { finally: [run("last")] });
  const made = await rig(plan, succeed, { recompile: () => Promise.resolve(ok(canonicalBytes(other))) });
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "failed" && end.value.state.reason === "PLAN_DRIFT");
  t.same(made.trail, []);
  const drift = (await made.events()).find((event) => event.eventType === "plan.drift");
  t.match(drift?.metadata, { node: "b", pointer: "/steps/1/command/0" });
});

t.test("a plan that was read before is taken only for the stored bytes that it was read from", async (t) => {
  const plan = planOf([run("a")]);
  const digest = digestOf(canonicalBytes(plan), sha256);
  const known = { plan: structuredClone(plan), digest };
  const taken = await (await rig(plan, succeed, { known })).drive();
  t.ok(taken.ok && taken.value.state.status === "succeeded" && taken.value.state.plan === known.plan);
  const other = planOf([run("a", { command: ["false"] })]);
  const otherDigest = digestOf(canonicalBytes(other), sha256);
  const read = await (await rig(plan, succeed, { known: { plan: other, digest: otherDigest } })).drive();
  t.ok(read.ok && read.value.state.status === "succeeded");
  t.same(read.ok && read.value.state.plan, plan);
});

/** A store whose copy of the plan is another one, by its mark too, from when `spoil` was called on. */
async function spoiling(bytes: Uint8Array | undefined) {
  const store = memoryRunStore({ clock: systemClock });
  let isSpoilt = false;
  const { ledger } = store;
  let reads = 0;
  const spoilt: typeof ledger = {
    ...ledger,
    fileMark: async (key, path) => (isSpoilt ? ok("moved") : ledger.fileMark(key, path)),
    getFile: async (key, path) => {
      reads += 1;
      const gone = fail(faultOf(storeCodes, "FILE_MISSING", { runId: key.runId, path }));
      return !isSpoilt ? ledger.getFile(key, path) : bytes === undefined ? gone : ok(bytes);
    },
  };
  return { store: { ...store, ledger: spoilt }, spoil: () => (isSpoilt = true), reads: () => reads };
}

const chain = planOf([run("a"), run("b"), run("c")], { finally: [run("last")] });
const otherChain = canonicalBytes(planOf([run("a"), run("b", { command: ["false"] }), run("c")]));

for (const [what, bytes] of [
  ["changed", otherChain],
  ["removed", undefined],
] as const) {
  t.test(`a stored plan that is ${what} while a step runs is drift before the next one`, async (t) => {
    const { store, spoil } = await spoiling(bytes);
    const made = await rig(
      chain,
      (step) => {
        spoil();
        return succeed(step);
      },
      { store },
    );
    const end = await made.drive();
    t.ok(end.ok && end.value.state.status === "failed" && end.value.state.reason === "PLAN_DRIFT");
    t.same(
      made.trail.filter((word) => word.startsWith("start")),
      ["start a"],
    );
    const drift = (await made.events()).find((event) => event.eventType === "plan.drift");
    t.match(drift?.metadata, { node: "b", pointer: "", code: "PLAN_DRIFT", hint: /plan\.canonical\.json/ });
  });
}

t.test("a stored plan that is only written anew is read again once, and the run goes on", async (t) => {
  const { store, spoil, reads } = await spoiling(canonicalBytes(chain));
  let before = 0;
  const made = await rig(
    chain,
    (step) => {
      before ||= reads();
      spoil();
      return succeed(step);
    },
    { store },
  );
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "succeeded");
  t.equal(reads() - before, 1, "for three more steps");
});

t.test("a sandbox that this host cannot give ends the run before its first step", async (t) => {
  const refused = { code: "LIMIT_UNENFORCEABLE", message: "no cgroup", hint: "run as root" };
  const made = await rig(planOf([run("a")], { finally: [run("last")] }), succeed, {
    admit: () => Promise.resolve(fail(refused)),
  });
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "failed" && end.value.state.reason === "LIMIT_UNENFORCEABLE");
  t.same(made.trail, []);
});

t.test("two processes cannot drive one run", async (t) => {
  const made = await rig(planOf([run("a")]), async ({ stopped: _stopped }) => {
    const second = await made.drive();
    t.ok(!second.ok && second.fault.code === "RUN_BUSY");
    return success();
  });
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "succeeded");
});

t.test("a run whose holder lives is left to it, and the answer names the process", async (t) => {
  const clock = tickingClock();
  const lives = new Map<string, HolderLife>();
  const state = memoryState();
  const open = (owner: string) =>
    memoryRunStore({ clock, state, owner, lifeOf: (name) => lives.get(name) ?? { state: "unknown" } });
  const { drive, identity, trail } = await rig(planOf([run("a")]), succeed, { clock, store: open("second") });
  const first = open("first");
  t.ok(await first.leases.acquire(identity, 15_000));
  lives.set("first", { state: "stopped", pid: 4711 });
  const driven = async () => {
    const driving = drive();
    const ended = driving.then(() => true);
    while (!(await Promise.race([ended, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]))) {
      clock.tick(100);
    }
    return driving;
  };
  t.match(await driven(), {
    fault: { code: "RUN_BUSY", message: /process 4711, which is stopped/, hint: /kill -CONT 4711/ },
  });
  lives.set("first", { state: "running", pid: 4711 });
  t.match(await driven(), { fault: { code: "RUN_BUSY", message: /by process 4711$/ } });
  t.same(trail, []);
  lives.set("first", { state: "dead" });
  const end = await driven();
  t.ok(end.ok && end.value.state.status === "succeeded");
});

t.test("an attempt that an earlier driver left behind is lost, and runs again only where it may", async (t) => {
  for (const idempotent of [true, false]) {
    const made = await rig(planOf([run("a", { idempotent })]), succeed);
    const { ports } = made;
    // The first driver dies between the start of the step and its end: all that is left is the ledger.
    const lease = await made.store.leases.acquire(made.identity, 15_000);
    t.ok(lease !== undefined);
    if (lease === undefined) {
      return;
    }
    const { takeOver } = await import("#engine/take-over.ts");
    const taken = await takeOver(made.identity, lease, ports, () => undefined);
    if (!taken.ok) {
      t.fail(taken.fault.message);
      return;
    }
    taken.value.journal.take(taken.value.opening);
    taken.value.journal.take([{ id: "s", kind: "start", stepId: "a", attempt: 1, secrets: [] }]);
    t.ok((await taken.value.journal.flush(lease)).ok);
    await made.store.leases.release(made.identity, lease);
    const end = await made.drive();
    t.ok(end.ok && end.value.state.status === (idempotent ? "succeeded" : "failed"));
    const types = (await made.events()).map((event) => event.eventType);
    t.equal(types.filter((type) => type === "step.lost").length, 1);
  }
});

t.test("a full store stops the run as it is, and it can be resumed", async (t) => {
  let full = false;
  const made = await rig(planOf([run("a"), run("b", { idempotent: true })]), async ({ stepId }) => {
    full = stepId === "b";
    return success();
  });
  const { ledger } = made.store;
  const narrow = {
    ...made.store,
    ledger: {
      ...ledger,
      append: (...given: Parameters<typeof ledger.append>) =>
        full ? Promise.resolve(fail(faultOf(storeCodes, "STORE_FULL", { problem: "test" }))) : ledger.append(...given),
    },
  };
  const { driveRun } = await import("#engine/drive-run.ts");
  const options = { maxParallel: 1, wait: false, cancelBy: "tester" };
  const stopped = await driveRun(made.identity, { ...made.ports, store: narrow }, options);
  t.ok(!stopped.ok && stopped.fault.code === "STORE_FULL");
  full = false;
  const end = await made.drive();
  t.ok(end.ok && end.value.end === "finished");
});

t.test("a failed step ends the run as failed, a policy gate and retries included", async (t) => {
  const plan = planOf([policy("check"), run("a", { retry: { maxAttempts: 2, initialMs: 1, factor: 1, maxMs: 1 } })]);
  const made = await rig(plan, () => Promise.resolve(failure));
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "failed" && end.value.state.reason === "STEP_EXIT");
  t.equal(made.trail.filter((line) => line === "start a").length, 2);
});

t.test("a clock far behind the ledger drives nothing", async (t) => {
  const made = await rig(planOf([run("a")]), succeed);
  const { clock } = made.ports;
  const { driveRun } = await import("#engine/drive-run.ts");
  const late = { ...clock, now: () => clock.now() - 3_600_000 };
  const options = { maxParallel: 1, wait: false, cancelBy: "tester" };
  const end = await driveRun(made.identity, { ...made.ports, clock: late }, options);
  t.ok(!end.ok && end.fault.code === "CLOCK_BEHIND");
  t.equal((await made.events()).length, 1, "nothing was appended");
});

t.test("nobody takes over a run again and again that has nothing to do but wait", async (t) => {
  const clock = tickingClock();
  const made = await rig(planOf([approval("ok")], oneApproval), succeed, { clock });
  const abort = new AbortController();
  const driven = made.drive({ wait: true, abort: abort.signal });
  const turns = async (): Promise<void> => {
    for (let at = 0; at < 20; at += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await turns();
  const before = (await made.events()).map((event) => event.eventType);
  t.equal(before.at(-1), "run.waiting");
  for (let minute = 0; minute < 5; minute += 1) {
    clock.tick(61_000);
    await turns();
  }
  abort.abort();
  const end = await driven;
  t.ok(end.ok && end.value.end === "aborted");
  t.same(
    (await made.events()).map((event) => event.eventType),
    before,
  );
});

t.test("who goes on with a run is told of nothing that was in its ledger before", async (t) => {
  const made = await rig(planOf([run("a"), approval("ok"), run("b")], oneApproval), succeed);
  await made.drive();
  await made.store.inbox.put(made.identity, { commandId: "d1", kind: "decision", body: { gate: "ok" } });
  const before = (await made.events()).length;
  const told: number[] = [];
  const onEvents: DriveOptions["onEvents"] = (events) => void told.push(...events.map((event) => event.sequence));
  const written: number[] = [];
  const onWritten: DriveOptions["onWritten"] = (events, { head }) => {
    written.push(...events.map((event) => event.sequence));
    t.ok(head.sequence >= (written.at(-1) ?? 0), "the state is no older than what was written");
  };
  const end = await made.drive({ onEvents, onWritten, after: before });
  t.ok(end.ok && end.value.state.status === "succeeded");
  const whole = (await made.events()).map((event) => event.sequence);
  t.same(told, whole.slice(before));
  t.same(written, told);
  told.length = 0;
  written.length = 0;
  await made.drive({ onEvents, onWritten });
  t.same(told, whole, "without a starting place, of everything");
  t.same(written, [], "and what it has not written itself is told as such nowhere");
});
