import t from "tap";
import { digestOfJson } from "#canon/digest.ts";
import type { LedgerEvent } from "#run/event.ts";
import { evolve } from "#run/evolve.ts";
import { initialState } from "#run/state.ts";
import { cel, identityOf, map, parallel, planOf, policy, run, sha256 } from "./sample-plan.ts";
import { ScriptedRun } from "./scripted-run.ts";

const list = (value: readonly unknown[]) =>
  ({ outputs: { hosts: { type: "array", value: value as string[] } } }) as const;
const fromA = cel("steps.a.outputs.hosts");

t.test("a condition is asked when its turn has come", (t) => {
  const plan = planOf([
    run("a", { when: false }),
    run("b", { when: cel("steps.a.status == 'skipped'") }),
    run("c", { when: cel("steps.b.status == 'failed'") }),
  ]);
  t.strictSame(new ScriptedRun(plan).go().statuses(), ["a skipped WHEN_FALSE", "b succeeded", "c skipped WHEN_FALSE"]);
  t.end();
});

t.test("a condition without a value fails its step, whatever its kind", (t) => {
  const when = cel("steps.a.outputs.missing");
  const cases = [
    [run("b", { when, retry: { maxAttempts: 3, initialMs: 1, factor: 1, maxMs: 1 } }), ["b failed EXPR_ABSENT"]],
    [parallel("p", [run("b")], { when }), ["p failed EXPR_ABSENT", "b skipped UPSTREAM_FAILED"]],
    [map("m", [1], [run("b")], { when }), ["m failed EXPR_ABSENT"]],
    [policy("q", { when }), ["q failed EXPR_ABSENT"]],
  ] as const;
  for (const [step, expected] of cases) {
    const driven = new ScriptedRun(planOf([run("a"), step])).go();
    t.strictSame(driven.statuses(), ["a succeeded", ...expected]);
    t.equal(driven.end(), "failed EXPR_ABSENT");
    t.strictSame(driven.trace().slice(-3), [
      `${step.name} step.started #1`,
      `${step.name} step.failed #1`,
      "run.finished",
    ]);
  }
  t.end();
});

t.test("a condition that is neither true nor false fails its step", (t) => {
  const driven = new ScriptedRun(planOf([run("a"), run("b", { when: cel("steps.a.status") })])).go();
  t.equal(driven.end(), "failed EXPR_TYPE");
  t.end();
});

t.test("items that a step produced stand in the ledger, those of the plan by digest", (t) => {
  const plan = planOf([run("a"), map("m", fromA, [run("x")]), map("n", ["u"], [run("y")])]);
  const driven = new ScriptedRun(plan, { acts: { a: list(["eu", "us"]) } }).go();
  t.strictSame(
    driven.events.filter((event) => event.eventType === "map.expanded").map((event) => event.metadata),
    [
      { count: 2, items: ["eu", "us"] },
      { count: 1, items: digestOfJson(["u"], sha256) },
    ],
  );
  t.end();
});

t.test("a list of expressions is known only when the map is reached", (t) => {
  const items = ["fixed", cel("steps.a.status")];
  const driven = new ScriptedRun(planOf([run("a"), map("m", items, [run("x")])])).go();
  const expanded = driven.events.find((event) => event.eventType === "map.expanded");
  t.strictSame(expanded?.metadata, { count: 2, items: ["fixed", "succeeded"] });
  t.end();
});

t.test("a map fails on more items than it may have, and on what is no list", (t) => {
  const over = new ScriptedRun(planOf([run("a"), map("m", fromA, [run("x")], { maxItems: 1 })]), {
    acts: { a: list(["eu", "us"]) },
  }).go();
  t.strictSame(over.statuses(), ["a succeeded", "m failed MAP_TOO_MANY"]);
  const none = new ScriptedRun(planOf([run("a"), map("m", cel("steps.a.status"), [run("x")])])).go();
  t.strictSame(none.statuses(), ["a succeeded", "m failed MAP_ITEMS"]);
  const absent = new ScriptedRun(planOf([run("a"), map("m", fromA, [run("x")])])).go();
  t.strictSame(absent.statuses(), ["a succeeded", "m failed EXPR_ABSENT"]);
  t.end();
});

const hundred = Array.from({ length: 100 }, (_, at) => run(`k${at}`));
const many = Array.from({ length: 10_001 }, () => 0);
const instances = (driven: ScriptedRun) => driven.state.live.byId.size;

t.test("a map whose items would make more than a million steps fails before any of them is made", (t) => {
  const driven = new ScriptedRun(planOf([map("m", many, hundred), run("b")])).go();
  t.strictSame(driven.statuses(), ["m failed MAP_INSTANCES", "b skipped UPSTREAM_FAILED"]);
  t.equal(driven.end(), "failed MAP_INSTANCES");
  t.equal(instances(driven), 2);
  t.notOk(driven.trace().includes("m map.expanded"));
  t.end();
});

t.test("all maps of a run share the million, those that are reached together and those inside others too", (t) => {
  const almost = many.slice(0, 9991);
  const beside = new ScriptedRun(
    planOf([
      parallel("p", [
        map("m", many.slice(0, 10), hundred),
        map("n", almost, [run("x"), parallel("q", hundred.slice(1))]),
      ]),
    ]),
  );
  t.ok(beside.trace().includes("m map.expanded"));
  t.match(beside.events.at(-1), { eventType: "step.failed", stepId: "n", metadata: { code: "MAP_INSTANCES" } });
  t.equal(instances(beside), 3 + 1000);
  const items = cel("index == 0 ? [7] : steps.a.outputs.hosts");
  const inside = map("m", [0, 1], [map("n", items, hundred, { maxItems: 20_000 })]);
  const nested = new ScriptedRun(planOf([run("a"), inside]), { acts: { a: list(many.slice(0, 9999)) } }).go();
  t.match(
    nested.statuses().filter((line) => line.includes("::n ")),
    ["m[0]::n succeeded", "m[1]::n failed MAP_INSTANCES"],
  );
  t.equal(instances(nested), 2 + 2 + 100);
  t.end();
});

t.test("a ledger that expands a map beyond the bound makes no steps of it", (t) => {
  const plan = planOf([map("m", cel("inputs.none"), hundred, { maxItems: 20_000 })]);
  const driven = new ScriptedRun(planOf([run("a")])).go();
  const [first] = driven.events;
  const state = initialState(plan, identityOf(plan));
  const expanded = { ...first, eventType: "map.expanded", stepId: "m", metadata: { count: many.length, items: many } };
  evolve(state, expanded as LedgerEvent);
  t.equal(state.live.byId.size, 1);
  t.end();
});
