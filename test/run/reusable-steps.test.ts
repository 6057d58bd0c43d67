import t from "tap";
import { reusableSteps } from "#run/reusable-steps.ts";
import { approval, cel, map, parallel, planOf, run } from "./sample-plan.ts";
import { ScriptedRun, type Script } from "./scripted-run.ts";

const steps = [
  run("a"),
  parallel("p", [run("b"), run("c", { needs: ["b"] }), run("d")]),
  map("m", [1, 2], [run("x"), run("y")]),
  run("z"),
];
const plan = planOf(steps, { finally: [run("f")] });
const reused = (script: Script, ...again: readonly string[]): readonly string[] =>
  Object.keys(reusableSteps(new ScriptedRun(plan, script).go().state, new Set(again)));

t.test("what succeeded is taken over, but nothing of finally", (t) => {
  const outputs = { n: { type: "integer", value: 1 } } as const;
  const driven = new ScriptedRun(plan, { acts: { a: { outputs } } }).go();
  t.strictSame(reusableSteps(driven.state, new Set()), {
    a: outputs,
    b: {},
    c: {},
    d: {},
    "m[0]::x": {},
    "m[0]::y": {},
    "m[1]::x": {},
    "m[1]::y": {},
    z: {},
  });
  t.end();
});

t.test("what failed runs again, and so does all that stands behind it", (t) => {
  t.strictSame(reused({ acts: { d: 1 } }), ["a", "b", "c"]);
  t.strictSame(reused({ acts: { b: 1 } }), ["a", "d"]);
  t.strictSame(reused({ acts: { "m[1]::x": 1 } }), ["a", "b", "c", "d", "m[0]::x", "m[0]::y"]);
  t.strictSame(reused({ acts: { a: 1 } }), []);
  t.end();
});

t.test("named steps run again with what stands behind them; a template's id names all its items", (t) => {
  t.strictSame(reused({}, "z").includes("z"), false);
  t.strictSame(reused({}, "c"), ["a", "b", "d"]);
  t.strictSame(reused({}, "m[1]::y"), ["a", "b", "c", "d", "m[0]::x", "m[0]::y", "m[1]::x"]);
  t.strictSame(reused({}, "m[*]::y"), ["a", "b", "c", "d", "m[0]::x", "m[1]::x"]);
  t.strictSame(reused({}, "p"), ["a"], "a container runs again whole");
  t.end();
});

t.test("a tolerated failure runs again, a condition that was false is no failure, a gate hides nothing", (t) => {
  const other = planOf([run("a", { continueOnError: true }), run("b")]);
  t.strictSame(reusableSteps(new ScriptedRun(other, { acts: { a: 1 } }).go().state, new Set()), {});
  const conditional = planOf([run("a"), run("w", { when: cel("1 == 2") }), approval("ok"), run("z")]);
  const driven = new ScriptedRun(conditional).go();
  driven.decide("ok", "ann", "approve");
  driven.decide("ok", "bob", "approve");
  driven.go();
  t.strictSame(Object.keys(reusableSteps(driven.state, new Set())), ["a", "z"]);
  t.strictSame(Object.keys(reusableSteps(driven.state, new Set(["a"]))), []);
  t.end();
});

t.test("a run that takes over what may be taken over ends as the first would have", (t) => {
  const failed = new ScriptedRun(plan, { acts: { "m[1]::x": 1 } }).go();
  t.equal(failed.state.status, "failed");
  const second = ScriptedRun.from(plan, reusableSteps(failed.state, new Set())).go();
  t.equal(second.state.status, "succeeded");
  const started = second.events.filter(({ eventType }) => eventType === "step.started").map(({ stepId }) => stepId);
  t.strictSame(started, ["m[1]::x", "m[1]::y", "z", "f"]);
  t.end();
});
