import t from "tap";
import { digestOfJson } from "#canon/digest.ts";
import { cel, map, parallel, planOf, policy, run, sha256 } from "./sample-plan.ts";
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
