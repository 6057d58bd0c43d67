import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { canonicalJson } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { misfitsOf } from "#canon/shape.ts";
import { planShape, type Plan } from "#plan/plan.ts";
import { flowchartDot } from "#view/flowchart-dot.ts";
import { flowchartMermaid } from "#view/flowchart-mermaid.ts";
import { simulationChart } from "#view/simulation-chart.ts";
import { simulationText } from "#view/simulation-text.ts";
import { simulate, type Simulation } from "#view/simulation.ts";
import { approval, cel, map, parallel, planOf, policy, run, sha256, type Sketch } from "../run/sample-plan.ts";
import { branchesPlan, mirrorPlan } from "./sample-plans.ts";

const golden = (name: string): string => readFileSync(new URL(`golden/${name}`, import.meta.url), "utf8");

function simulated(plan: Plan, ...assume: readonly string[]): Simulation {
  const found = simulate(plan, { assume }, sha256);
  if (!found.ok) {
    throw new Error(`${found.fault.code}: ${found.fault.message}`);
  }
  return found.value;
}

/** The same plan with its members in another order. */
function reversed(plan: Plan): Plan {
  const turn = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(turn)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .toReversed()
              .map(([name, member]) => [name, turn(member)]),
          )
        : value;
  return turn(plan) as Plan;
}

const waves = (simulation: Simulation): readonly string[] =>
  simulation.waves.map((wave) => wave.steps.map((step) => step.id).join(" "));
const skipped = (simulation: Simulation): readonly string[] =>
  simulation.skipped.map(({ id, reason }) => `${id} ${reason}`);
const faultCode = (plan: Plan, ...assume: readonly string[]): string => {
  const found = simulate(plan, { assume }, sha256);
  return found.ok ? "none" : found.fault.code;
};

t.test("a simulation reads the same on every machine", async (t) => {
  for (const [name, plan] of [
    ["mirror", mirrorPlan()],
    ["branches", branchesPlan()],
  ] as const) {
    const simulation = simulated(plan);
    t.equal(simulationText(simulation), golden(`${name}.txt`));
    t.equal(flowchartMermaid(simulationChart(simulation)), golden(`${name}.mermaid`));
    t.equal(flowchartDot(simulationChart(simulation)), golden(`${name}.dot`));
    t.equal(JSON.stringify(simulated(reversed(plan))), JSON.stringify(simulation), `${name} as JSON`);
  }
});

t.test("it bears the planHash of the plan itself, not of the one that is pretended", async (t) => {
  const plan = branchesPlan();
  t.equal(simulated(plan, "find=failed").planHash, digestOf(canonicalBytes(plan), sha256));
});

t.test("steps of a wave can run at the same time, within the limits of their containers", async (t) => {
  const three = ["a", "b", "c"];
  const plan = planOf([
    run("first"),
    map("each", three, [run("one"), run("two")], { maxParallel: 2 }),
    parallel("wide", [run("x"), run("y", { needs: ["x"] }), run("z")]),
  ]);
  t.strictSame(waves(simulated(plan)), [
    "first",
    "each[0]::one each[1]::one",
    "each[0]::two each[1]::two",
    "each[2]::one",
    "each[2]::two",
    "x z",
    "y",
  ]);
});

t.test("a failure skips what needs it, stops the run or ends what runs beside it, as the plan says", async (t) => {
  const steps = [parallel("p", [run("a"), run("b"), run("c", { needs: ["b"] })]), run("d")];
  const under = (onFailure: Plan["failurePolicy"]["onFailure"]): Simulation =>
    simulated(planOf(steps, { failurePolicy: { onFailure }, finally: [run("last")] }), "a=failed");
  t.strictSame(waves(under("skip-dependents")), ["a b", "c", "last"]);
  t.strictSame(skipped(under("skip-dependents")), ["d UPSTREAM_FAILED"]);
  t.strictSame(waves(under("drain")), ["a b", "last"]);
  t.strictSame(skipped(under("drain")), ["c RUN_STOPPING", "d RUN_STOPPING"]);
  const cancelled = under("cancel");
  t.equal(cancelled.waves[0]?.steps[1]?.status, "cancelled");
  t.strictSame(cancelled.outcome, { status: "failed", reason: "STEP_EXIT" });
  t.match(cancelled.failed, [{ id: "a", reason: "STEP_EXIT" }]);
});

t.test("a failure that is tolerated changes nothing else", async (t) => {
  const plan = planOf([run("a", { continueOnError: true }), run("b")]);
  t.strictSame(waves(simulated(plan, "a=failed")), ["a", "b"]);
  t.equal(simulated(plan, "a=failed").outcome.status, "succeeded");
});

t.test("a step that is assumed to fail has used up its attempts", async (t) => {
  const retry = { maxAttempts: 5, initialMs: 1000, factor: 2, maxMs: 60_000 };
  const simulation = simulated(planOf([run("a", { retry })]), "a=failed");
  t.strictSame(waves(simulation), ["a"]);
  t.match(simulation.steps[0], { attempts: 5, waitsMs: [1200, 2400, 4800, 9600] });
});

t.test("conditions on items and statuses are decided, those on outputs are left to the run", async (t) => {
  const simulation = simulated(branchesPlan());
  t.strictSame(skipped(simulation), ["zones[2]::check WHEN_FALSE", "undo WHEN_FALSE"]);
  const decided = new Map(simulation.steps.map((step) => [step.id, step.when?.decided]));
  t.equal(decided.get("each[*]::sign"), "run");
  t.equal(decided.get("zones[*]::check"), "plan");
  t.equal(decided.get("undo"), "assumptions");
  t.equal(decided.get("report"), "run");
  t.equal(decided.get("find"), undefined);
});

t.test("a condition on the status of a step that may not run is left to the run, unless that is assumed", async (t) => {
  const plan = planOf([
    run("a"),
    run("b", { when: cel("steps.a.outputs.x == 1") }),
    parallel("p", [run("in")], { when: cel("steps.a.outputs.x == 2") }),
    run("c", { when: cel("steps.b.status == 'skipped'") }),
    run("d", { when: cel('steps["in"].status == "skipped"') }),
  ]);
  const open = simulated(plan);
  t.strictSame(waves(open), ["a", "b", "in", "c", "d"]);
  t.match(open.steps.find(({ id }) => id === "c")?.when, { decided: "run" });
  const assumed = simulated(plan, "b=succeeded");
  t.strictSame(skipped(assumed), ["c WHEN_FALSE"]);
  t.equal(assumed.skipped[0]?.why, "${{ steps.b.status == 'skipped' }} is false");
  t.strictSame(waves(simulated(plan, "b=skipped", "p=skipped")), ["a", "c", "d"]);
  t.equal(simulated(plan, "b=skipped").skipped[0]?.why, "assumed");
});

t.test("a map whose items only the run knows stands as one iteration, also inside others", async (t) => {
  const plan = planOf([
    run("a"),
    map("m", cel("steps.a.outputs.list"), [map("n", cel("item.parts"), [run("x")], { as: "part" }), run("y")]),
    map(
      "k",
      ["p", cel("steps.a.outputs.q")],
      [run("z", { when: cel("item == 'p'") }), run("w", { when: cel("index == 0") })],
    ),
    map("none", cel("steps.a.outputs.list"), [run("never")], { maxItems: 0 }),
  ]);
  const simulation = simulated(plan);
  t.strictSame(waves(simulation), ["a", "m[*]::n[*]::x", "m[*]::y", "k[0]::z k[1]::z", "k[0]::w"]);
  t.strictSame(skipped(simulation), ["k[1]::w WHEN_FALSE"]);
  t.match(
    simulation.steps.find(({ id }) => id === "m"),
    { upTo: 10, decided: "run" },
  );
  t.equal(faultCode(plan, "m[0]::y=failed"), "ASSUME_STEP");
  t.strictSame(waves(simulated(plan, "m[*]::y=failed")), ["a", "m[*]::n[*]::x", "m[*]::y"]);
});

t.test("nested maps over what the plan knows are expanded", async (t) => {
  const zones = [
    { name: "eu", hosts: ["a", "b"] },
    { name: "us", hosts: [] },
  ];
  const inner = map("host", cel("zone.hosts"), [run("push")], { as: "host" });
  t.strictSame(waves(simulated(planOf([map("zone", zones, [inner], { as: "zone" }), run("end")]))), [
    "zone[0]::host[0]::push zone[0]::host[1]::push",
    "end",
  ]);
});

t.test("policies are decided as far as the plan and the assumed statuses decide them", async (t) => {
  const expressions = {
    yes: "inputs.n < 10",
    no: "inputs.n > 10 || with.limit > 3",
    odd: "inputs.n + 1",
    status: "steps.a.status == 'succeeded'",
    later: "steps.a.outputs.x > 1",
  };
  const policies = Object.fromEntries(
    Object.entries(expressions).map(([id, expression]) => [
      id,
      { engine: "cel" as const, expression, digest: digestOf(canonicalBytes(id), sha256) },
    ]),
  );
  const gate = (id: string, more = {}): Sketch => policy(id, { policy: id, failAction: "continue", ...more });
  const inputs = { n: { type: "integer" as const, value: 5 } };
  const steps = [
    run("a", { continueOnError: true }),
    gate("yes"),
    gate("no", { with: { limit: 1 } }),
    gate("status"),
    gate("later"),
    gate("odd"),
  ];
  const plan = planOf(steps, { policies, inputs });
  const answers = (simulation: Simulation): readonly string[] =>
    simulation.policies.map(({ id, decided, answer }) => `${id} ${decided} ${answer}`);
  t.strictSame(answers(simulated(plan)), [
    "yes plan allowed",
    "no plan denied",
    "status assumptions allowed",
    "later run allowed",
    "odd plan undecided",
  ]);
  t.strictSame(simulated(plan).outcome, { status: "failed", reason: "POLICY_UNDECIDED" });
  const assumed = simulated(plan, "a=failed", "later=denied", "odd=succeeded");
  t.strictSame(answers(assumed).slice(2), ["status assumptions denied", "later assumed denied", "odd assumed allowed"]);
  t.equal(assumed.outcome.status, "succeeded", "a denial that continues is a warning");
});

t.test("a Rego policy is left to the run", async (t) => {
  const digest = digestOf(new Uint8Array(), sha256);
  const policies = { fine: { engine: "rego" as const, module: "p.wasm", digest, entrypoint: "packrun/allow" } };
  t.match(simulated(planOf([policy("p")], { policies })).policies, [{ decided: "run", answer: "allowed" }]);
});

t.test("gates pass, are rejected or expire as is assumed", async (t) => {
  const plan = planOf([approval("go"), run("after")]);
  t.strictSame(waves(simulated(plan)), ["go", "after"]);
  t.strictSame(simulated(plan, "go=rejected").outcome, { status: "failed", reason: "GATE_REJECTED" });
  t.strictSame(simulated(plan, "go=failed").outcome, { status: "failed", reason: "GATE_REJECTED" });
  t.strictSame(simulated(plan, "go=expired").outcome, { status: "failed", reason: "GATE_EXPIRED" });
  t.strictSame(simulated(plan).approvals, { gates: 1, required: 2 });
});

t.test("the last assumption about a step counts, one iteration before all of them", async (t) => {
  const plan = planOf([map("m", ["a", "b"], [run("x")])]);
  t.equal(simulated(plan, "x=failed", "m[*]::x=succeeded").outcome.status, "succeeded");
  t.match(simulated(plan, "x=failed", "m[1]::x=succeeded").failed, [{ id: "m[0]::x" }]);
});

t.test("an assumption that says nothing clear is refused", async (t) => {
  const plan = planOf([run("a"), approval("go"), map("m", ["x"], [run("in")]), parallel("p", [run("b")])]);
  t.equal(faultCode(plan, "a"), "ASSUME_FORM");
  t.equal(faultCode(plan, "=failed"), "ASSUME_FORM");
  t.equal(faultCode(plan, "a=b=c"), "ASSUME_FORM");
  t.equal(faultCode(plan, "constructor=failed"), "ASSUME_STEP");
  t.equal(faultCode(plan, "m[1]::in=failed"), "ASSUME_STEP");
  t.equal(faultCode(plan, "a[0]::in=failed"), "ASSUME_STEP");
  t.equal(faultCode(plan, "a=done"), "ASSUME_STATUS");
  t.equal(faultCode(plan, "go=skipped"), "ASSUME_STATUS");
  t.equal(faultCode(plan, "p=failed"), "ASSUME_STATUS");
  t.equal(faultCode(plan, "m[0]::in=skipped"), "ASSUME_STATUS");
  const found = simulate(planOf([approval("release")]), { assume: ["relase=failed"] }, sha256);
  t.match(found, { fault: { hint: "did you mean release?" } });
});

t.test("a plan that nobody compiled is refused, not followed", async (t) => {
  t.equal(faultCode(planOf([approval("go", { approval: "nobody" })])), "PLAN_FILE");
  t.equal(faultCode(planOf([policy("p", { policy: "none" })])), "PLAN_FILE");
  const circle = planOf([parallel("p", [run("a", { needs: ["b"] }), run("b", { needs: ["a"] })])]);
  t.equal(faultCode(circle), "PLAN_FILE");
});

t.test("text and chart show no character that moves a terminal or breaks the chart", async (t) => {
  const evil = '\u001b[31m"]\n  click n0 "javascript:x" <b>\u202e';
  const simulation = simulated(planOf([run("a", { command: ["echo", evil], when: cel(`"${evil}" == "x"`) })]));
  const text = simulationText(simulation);
  const chart = flowchartMermaid(simulationChart(simulation));
  for (const shown of [text, chart]) {
    t.notOk(shown.includes("\u001b") || shown.includes("\u202e"));
  }
  t.notMatch(chart, /<b>|\n\s*click/);
  const dot = flowchartDot(simulationChart(simulation));
  t.notOk(dot.includes("\u001b") || dot.includes("\u202e"));
  t.match(
    dot,
    /^ {2}n0 \[label="a\\nwhen (?:[^"\\]|\\.)*"(?:, color="#cc0000")?\];$/m,
    "every quote of the text is escaped",
  );
  t.equal(chart.split("\n").filter((line) => /^ *n0/.test(line)).length, 1);
});

const sketch: fc.Arbitrary<readonly Sketch[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom("run", "run", "parallel", "map", "later", "policy", "approval"),
      inside: fc.integer({ min: 1, max: 3 }),
      when: fc.constantFrom(undefined, false, true, cel("steps.s0.status == 'failed'"), cel("steps.s0.outputs.x")),
      limit: fc.constantFrom(undefined, 1, 2),
      tolerant: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((steps) =>
    steps.map(({ kind, inside, when, limit, tolerant }, at) => {
      const more = { continueOnError: tolerant, ...(when === undefined || at === 0 ? {} : { when }) };
      const limits = limit === undefined ? {} : { maxParallel: limit };
      const kids = Array.from({ length: inside }, (_, kid) => run(`s${at}k${kid}`));
      switch (kind) {
        case "parallel":
          return parallel(`s${at}`, kids, { ...more, ...limits });
        case "map":
          return map(`s${at}`, [1, 2, 3], kids, { ...more, ...limits });
        case "later":
          return map(`s${at}`, cel("steps.s0.outputs.list"), kids, { ...more, ...limits });
        case "policy":
          return policy(`s${at}`, more);
        case "approval":
          return approval(`s${at}`);
        case "run":
          return run(`s${at}`, more);
      }
    }),
  );

t.test("every plan comes to an end, the same each time, and the plan stays as it is", async () => {
  const assumptions = fc.array(fc.constantFrom("s0=failed", "s1=failed", "s1=skipped", "s2=failed", "s3=skipped"));
  const failure = fc.constantFrom("skip-dependents" as const, "drain" as const, "cancel" as const);
  fc.assert(
    fc.property(sketch, assumptions, failure, (steps, assume, onFailure) => {
      const plan = planOf(steps, { failurePolicy: { onFailure }, finally: [run("last")] });
      if (misfitsOf(planShape, plan).length > 0) {
        throw new Error("the sample is no plan");
      }
      const before = canonicalJson(plan);
      const first = simulate(plan, { assume }, sha256);
      if (!first.ok) {
        return first.fault.code === "ASSUME_STEP" || first.fault.code === "ASSUME_STATUS";
      }
      const ids = first.value.waves.flatMap((wave) => wave.steps.map((step) => step.id));
      const ends = new Set(["succeeded", "failed", "cancelled"]);
      return (
        new Set(ids).size === ids.length &&
        ids.at(-1) === "last" &&
        first.value.waves.every((wave) =>
          wave.steps.every((step) => ends.has(step.status) || step.status === "skipped"),
        ) &&
        canonicalJson(plan) === before &&
        canonicalJson(simulate(plan, { assume }, sha256)) === canonicalJson(first) &&
        simulationText(first.value).length > 0 &&
        flowchartMermaid(simulationChart(first.value)).startsWith("%%")
      );
    }),
    { numRuns: 150 },
  );
});

t.test("a simulation computes policies with the numbers that the pack declares", async (t) => {
  const inputs = { share: { type: "number", value: 2 } } as const;
  const fine = {
    engine: "cel",
    expression: "inputs.share + 0.5 > 3.0",
    digest: digestOf(new Uint8Array(), sha256),
  } as const;
  const simulation = simulated(planOf([policy("check")], { inputs, policies: { fine } }));
  t.match(simulation.outcome, { status: "failed", reason: "POLICY_DENIED" });
});
