import t from "tap";
import { driveRun, type DriveEnd, type DriveOptions } from "#engine/drive-run.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { ok, type Result } from "#fault/result.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { RunStore } from "#port/run-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { memoryState } from "#store/memory/memory-state.ts";
import { approval, planOf, run } from "../run/sample-plan.ts";
import { tickingClock } from "../port/ticking-clock.ts";
import { rig, success, type Rig, type Script } from "./rig.ts";

const gate = { required: 1, from: ["approver"], ttlMs: 3_600_000, separationOfDuties: true, reasonRequired: false };
const approvals = { ok: gate, again: gate };
const succeed: Script = () => Promise.resolve(success());

/** The first attempt of this step lasts until it is stopped. */
function stopsFirst(id: string): Script {
  let isFirst = true;
  return async ({ stepId, stopped }) => {
    if (stepId === id && isFirst) {
      isFirst = false;
      await stopped;
      return { kind: "cancelled", durationMs: 1, artifacts: [] };
    }
    return success();
  };
}

type Drive = (options?: Partial<DriveOptions>) => Promise<Result<DriveEnd>>;

type Pair = Rig & {
  /** A process of its own beside the first one, which is `drive`. */
  readonly second: Drive;
  /** Lets `milliseconds` pass, a tenth of a second at a time. */
  readonly pass: (milliseconds: number) => Promise<void>;
  /** The end of what is driven, while time passes. */
  readonly ended: (driving: ReturnType<Drive>) => ReturnType<Drive>;
  readonly decide: (gate: string) => Promise<void>;
  /** The first process comes too late for the lease until the returned function is called. */
  readonly yieldLease: () => () => void;
  readonly count: (type: LedgerEvent["eventType"]) => Promise<number>;
};

/** Two processes over one store, and a clock that both see. */
async function pair(plan: Parameters<typeof rig>[0], script: Script): Promise<Pair> {
  const clock = tickingClock();
  const state = memoryState();
  const open = (): RunStore => memoryRunStore({ clock, state });
  const made = await rig(plan, script, { clock, store: open() });
  const { ports, identity } = made;
  const other = { ...ports, store: open() };
  const tick = async (): Promise<void> => {
    for (let at = 0; at < 30; at += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    clock.tick(100);
  };
  const pass = async (milliseconds: number): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      await tick();
    }
  };
  const ended = async (driving: ReturnType<Drive>): ReturnType<Drive> => {
    const over = driving.then(() => true);
    while (!(await Promise.race([over, tick().then(() => false)]))) {
      // The next tenth of a second.
    }
    return driving;
  };
  return {
    ...made,
    second: (options = {}) =>
      driveRun(identity, other, { maxParallel: 2, wait: false, cancelBy: "tester", ...options }),
    pass,
    ended,
    yieldLease: () => {
      const { leases } = made.store;
      const { acquire } = leases;
      Object.assign(leases, { acquire: () => Promise.resolve(undefined) });
      return () => Object.assign(leases, { acquire });
    },
    decide: async (gate) => {
      await made.store.inbox.put(identity, { commandId: `d-${gate}`, kind: "decision", body: { gate } });
    },
    count: async (type) => (await made.events()).filter((event) => event.eventType === type).length,
  };
}

t.test("two that wait for one decision leave the run alone, and both end as the one that drives it on", async (t) => {
  const { drive, second, pass, ended, decide, count, events, trail } = await pair(
    planOf([run("a"), approval("ok"), run("b")], { approvals }),
    succeed,
  );
  const told: number[] = [];
  const first = drive({ wait: true, onEvents: (found) => void told.push(...found.map(({ sequence }) => sequence)) });
  await pass(1000);
  const before = (await events()).length;
  const beside = second({ wait: true });
  await pass(120_000);
  const types = (await events()).slice(before).map((event) => event.eventType);
  t.same(types, ["lease.acquired", "run.resumed", "plan.verified"], "the second one has looked at it, once");
  await decide("ok");
  for (const end of await Promise.all([first, beside].map(ended))) {
    t.ok(end.ok && end.value.end === "finished" && end.value.state.status === "succeeded");
  }
  t.equal(await count("lease.acquired"), 3, "and one of them has driven it on");
  t.equal(trail.filter((line) => line === "start b").length, 1);
  t.same(
    told,
    (await events()).map(({ sequence }) => sequence),
    "who follows is told of everything, too",
  );
});

t.test("a gate whose time is over ends once, however many wait for it", async (t) => {
  const plan = planOf([approval("ok"), run("b")], { approvals });
  const { drive, second, pass, ended, ports, identity, count } = await pair(plan, succeed);
  const notAfter = timestampOf(ports.clock.now() + 60_000);
  Object.assign(ports.gates, { open: () => Promise.resolve(ok({ requestDigest: identity.planHash, notAfter })) });
  const first = drive({ wait: true });
  await pass(1000);
  const beside = second({ wait: true });
  for (const end of await Promise.all([first, beside].map(ended))) {
    t.ok(end.ok && end.value.state.status === "failed" && end.value.state.reason === "GATE_EXPIRED");
  }
  t.equal(await count("gate.expired"), 1);
  t.equal(await count("lease.acquired"), 3);
});

t.test("who waits goes on where another has left the run in the middle, not where it only waits again", async (t) => {
  const plan = planOf([approval("ok"), run("a"), approval("again"), run("b", { idempotent: true })], { approvals });
  const { drive, second, pass, ended, decide, yieldLease, count, trail } = await pair(plan, stopsFirst("b"));
  const abort = new AbortController();
  const [first, beside] = [drive({ wait: true }), second({ wait: true, abort: abort.signal })];
  await pass(1000);
  const before = await count("lease.acquired");
  await decide("ok");
  await pass(60_000);
  t.equal(await count("run.waiting"), 2);
  t.equal(await count("lease.acquired"), before + 1);
  const goOn = yieldLease();
  await decide("again");
  await pass(1000);
  goOn();
  await pass(1000);
  t.equal(trail.filter((line) => line === "start b").length, 1);
  abort.abort();
  const left = await ended(beside);
  t.ok(left.ok && left.value.end === "aborted" && left.value.state.status === "running");
  const end = await ended(first);
  t.ok(end.ok && end.value.state.status === "succeeded");
  t.equal(trail.filter((line) => line === "start b").length, 2);
});

t.test("who only follows what another drives ends at once when it is told to", async (t) => {
  const plan = planOf([approval("ok"), run("b", { idempotent: true })], { approvals });
  const { drive, second, pass, ended, decide, yieldLease } = await pair(plan, stopsFirst("b"));
  const [release, abort] = [new AbortController(), new AbortController()];
  const [first, beside] = [drive({ wait: true, release: release.signal }), second({ wait: true, abort: abort.signal })];
  await pass(1000);
  yieldLease();
  await decide("ok");
  await pass(1000);
  release.abort();
  const left = await ended(first);
  t.ok(left.ok && left.value.end === "aborted");
  t.ok(left.ok && left.value.state.steps["b"]?.status === "running", "and knows how far that one has come");
  abort.abort();
  t.ok((await ended(beside)).ok);
});
