import fc from "fast-check";
import t from "tap";
import { queueOrder, slaState, type QueuedRun, type QueuePlace, type TenantShares } from "#view/queue.ts";

const HOUR = 3_600_000;
const now = 10 * HOUR;
const run = (runId: string, more: Partial<QueuedRun> = {}): QueuedRun => ({
  runId,
  tenantId: "t1",
  status: "pending",
  createdAt: 0,
  priority: 0,
  ...more,
});
type Shares = { readonly atWork?: Record<string, number>; readonly begunAt?: Record<string, number> };
const shares = ({ atWork = {}, begunAt = {} }: Shares): TenantShares => ({
  atWork: new Map(Object.entries(atWork)),
  begunAt: new Map(Object.entries(begunAt)),
});
const order = (runs: readonly QueuedRun[], had: Shares = {}, limit = 9): readonly string[] =>
  queueOrder(runs, shares(had), limit, now).map(({ run: { runId }, eligible }) => `${runId}${eligible ? "" : " no"}`);

t.test("how a run stands to its deadline", async (t) => {
  const state = (more: Partial<QueuedRun>): string => slaState(run("a", more), now);
  t.equal(state({}), "on_track");
  t.equal(state({ deadlineAt: now + HOUR + 1 }), "on_track");
  t.equal(state({ deadlineAt: now + HOUR }), "at_risk");
  t.equal(state({ deadlineAt: now }), "breached");
  t.equal(state({ scheduledAt: now + 1, deadlineAt: now + 2 }), "scheduled");
  t.equal(state({ scheduledAt: now }), "on_track");
  t.equal(state({ scheduledAt: now + 2, deadlineAt: now }), "breached");
  t.equal(state({ status: "running", deadlineAt: now + 1 }), "in_progress");
  t.equal(state({ status: "waiting" }), "in_progress");
  t.equal(state({ status: "waiting", deadlineAt: now }), "breached");
  t.equal(state({ status: "succeeded", deadlineAt: 0 }), "completed");
  t.equal(state({ status: "failed" }), "ended");
  t.equal(state({ status: "cancelled", deadlineAt: 0 }), "ended");
});

t.test("higher priority goes first, then what came first", async (t) => {
  const runs = [
    run("late", { createdAt: 2 }),
    run("low", { priority: -1 }),
    run("early", { createdAt: 1 }),
    run("high", { priority: 1, createdAt: 9 }),
  ];
  t.same(order(runs), ["high", "early", "late", "low"]);
  t.same(order([run("b"), run("a")]), ["a", "b"], "of one moment, by their ids");
});

t.test("tenants take turns, and next is who has begun nothing for the longest time", async (t) => {
  const mine = [1, 2, 3].map((n) => run(`a${n}`, { createdAt: n }));
  const others = [4, 5].map((n) => run(`b${n}`, { tenantId: "t2", createdAt: n }));
  const all = [...mine, ...others];
  t.same(order(all), ["a1", "b4", "a2", "b5", "a3"]);
  t.same(order(all, { begunAt: { t1: 7 } }), ["b4", "a1", "b5", "a2", "a3"], "also when nothing is at work");
  t.same(order(all, { begunAt: { t1: 7, t2: 8 } }), ["a1", "b4", "a2", "b5", "a3"]);
  t.same(order(all, { begunAt: { t1: 8, t2: 7 }, atWork: { t2: 1 } }), ["b4", "a1", "b5", "a2", "a3"]);
});

t.test("whoever had a turn by priority has had it", async (t) => {
  const runs = [
    run("a1", { createdAt: 1 }),
    run("a9", { createdAt: 9, priority: 5 }),
    run("b2", { tenantId: "t2", createdAt: 2 }),
    run("b3", { tenantId: "t2", createdAt: 3 }),
    run("c4", { tenantId: "t3", createdAt: 4 }),
  ];
  t.same(order(runs), ["a9", "b2", "c4", "a1", "b3"]);
});

t.test("on one slot the backlog of one tenant holds up no other", async (t) => {
  const all = ["a1", "a2", "a3"].map((id, at) => run(id, { createdAt: at }));
  all.push(...["b1", "b2"].map((id, at) => run(id, { tenantId: "t2", createdAt: 10 + at })));
  const shown = order(all, { atWork: { t1: 1 }, begunAt: { t1: now - 1 } });
  t.same(shown, ["b1", "a1", "b2", "a2", "a3"]);
  const begunAt = new Map([["t1", now - 1]]);
  const taken: string[] = [];
  for (let at = now; taken.length < all.length; at += 1) {
    const left = all.filter(({ runId }) => !taken.includes(runId));
    const [first] = queueOrder(left, { atWork: new Map(), begunAt }, 9, at);
    taken.push(first?.run.runId ?? "none");
    begunAt.set(first?.run.tenantId ?? "", at);
  }
  t.same(taken, shown, "they begin in the order that was shown");
});

t.test("a tenant at its limit, and what is scheduled later, may not begin", async (t) => {
  const runs = [
    run("full"),
    run("later", { tenantId: "t2", scheduledAt: now + 1, priority: 100 }),
    run("now", { tenantId: "t2" }),
  ];
  t.same(order(runs, { atWork: { t1: 2 } }, 2), ["now", "full no", "later no"]);
  t.same(
    order([run("x", { status: "running" }), run("y", { status: "failed" })]),
    [],
    "only what waits to begin is in it",
  );
  const two = [run("second", { scheduledAt: now + 2 }), run("first", { scheduledAt: now + 1 })];
  t.same(order(two), ["first no", "second no"]);
});

const runs = fc.uniqueArray(
  fc.record({
    runId: fc.string({ minLength: 1, maxLength: 3 }),
    tenantId: fc.constantFrom("t1", "t2", "t3"),
    status: fc.constantFrom("pending" as const, "running" as const),
    createdAt: fc.nat(5),
    priority: fc.integer({ min: -2, max: 2 }),
    scheduledAt: fc.constantFrom(0, now, now + 1),
  }),
  { selector: ({ runId }) => runId, maxLength: 30 },
);
const counts = fc.dictionary(fc.constantFrom("t1", "t2", "t3"), fc.nat(4));
const had = fc.record({ atWork: counts, begunAt: counts }).map(shares);

t.test("laws of the queue: whole, in any order of asking the same, fair to priority and age", async (t) => {
  fc.assert(
    fc.property(runs, had, fc.integer({ min: 1, max: 4 }), (given, share, limit) => {
      const places = queueOrder(given, share, limit, now);
      const pending = given.filter(({ status }) => status === "pending");
      const names = (list: readonly { readonly runId: string }[]): string[] => list.map(({ runId }) => runId).sort();
      if (names(places.map((place) => place.run)).join() !== names(pending).join()) {
        throw new Error("every run that waits stands in the queue, once");
      }
      for (const { run: each, eligible } of places) {
        const may =
          each.scheduledAt !== undefined && each.scheduledAt <= now && (share.atWork.get(each.tenantId) ?? 0) < limit;
        if (may !== eligible) {
          throw new Error(`${each.runId} is wrongly ${eligible ? "eligible" : "held back"}`);
        }
      }
    }),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(runs, had, fc.nat(), (given, share, seed) => {
      const shuffled = given.toSorted(
        (a, b) => hash(a.runId, seed) - hash(b.runId, seed) || (a.runId < b.runId ? -1 : 1),
      );
      const names = (list: readonly QueuedRun[]): string =>
        queueOrder(list, share, 2, now)
          .map((place) => place.run.runId)
          .join("\u0000");
      return names(given) === names(shuffled);
    }),
  );
  fc.assert(
    fc.property(runs, had, (given, share) => {
      const places = queueOrder(given, share, 9, now).filter(({ eligible }) => eligible);
      return places.every(({ run: each }, at) => {
        const ahead = places.slice(0, at).map((place) => place.run);
        const behind = places.slice(at + 1).map((place) => place.run);
        // Nothing of higher priority behind; nothing of the same tenant and priority that came earlier behind.
        return (
          behind.every((other) => other.priority <= each.priority) &&
          ahead
            .filter((other) => other.tenantId === each.tenantId && other.priority === each.priority)
            .every((other) => other.createdAt <= each.createdAt)
        );
      });
    }),
  );
  fc.assert(
    fc.property(runs, had, (given, share) => {
      const [first, ...rest] = queueOrder(given, share, 9, now);
      const begunAt = new Map(share.begunAt).set(first?.run.tenantId ?? "", now);
      const left = given.filter((each) => each !== first?.run);
      const names = (places: readonly QueuePlace[]): string => places.map((place) => place.run.runId).join("\u0000");
      // When the first has begun, the rest go in the order in which they were.
      return first?.eligible !== true || names(queueOrder(left, { ...share, begunAt }, 9, now)) === names(rest);
    }),
  );
  t.pass("they hold");
});

/** Any fixed disorder. */
function hash(text: string, seed: number): number {
  return [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0) * (seed + 7)) % 1009, seed % 1009);
}
