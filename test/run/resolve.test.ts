import t from "tap";
import { policyContextPath } from "#run/policy-context-path.ts";
import { resolveAttempt, resolveGate, resolvePolicy, type ResolvedAttempt } from "#run/resolve.ts";
import { resolveOutputs } from "#run/resolve-outputs.ts";
import { seedOf } from "#run/retry-wait.ts";
import { recordOf, restoreState } from "#run/state.ts";
import { viewOfStep } from "#run/step-view.ts";
import type { Values } from "#run/value.ts";
import { approval, cel, digestOfText, map, parallel, planOf, policy, run, sha256, type Sketch } from "./sample-plan.ts";
import { ScriptedRun, type Act } from "./scripted-run.ts";

const integer = (value: number): Values[string] => ({ type: "integer", value });
const digest = digestOfText("bytes");
const file = { type: "file", digest, size: 5 } as const;
const inputs = {
  channel: { type: "string", value: "beta" },
  db: { type: "file", name: "db.tar", size: 5, digest },
  docs: { type: "directory", name: "docs", digest },
} as const;

/** The attempt of `last`, once everything before it has ended. */
function attemptOf(before: readonly Sketch[], last: Sketch, acts: Readonly<Record<string, Act>> = {}) {
  const driven = new ScriptedRun(planOf([...before, last], { inputs }), {
    acts: { ...acts, [last.name]: "hang" },
  }).go();
  return { driven, resolved: resolveAttempt(driven.state, last.name, sha256) };
}

function valueOf(found: ReturnType<typeof attemptOf>): ResolvedAttempt {
  if (!found.resolved.ok) {
    throw new Error(found.resolved.fault.message);
  }
  return found.resolved.value;
}

const used = (more: object): readonly string[] => valueOf(attemptOf([run("a")], run("b", { ...more }))).inputsUsed;

const n = (value: number): Act => ({ outputs: { n: integer(value) } });

t.test("a command, its environment and its input are evaluated, secrets are only named", (t) => {
  const found = attemptOf(
    [run("a")],
    run("b", {
      command: ["./deploy", { $cel: ["--count=", { expr: "steps.a.outputs.count" }] }, cel("inputs.channel")],
      env: {
        PLAIN: "as it is",
        COUNT: cel("steps.a.outputs.count"),
        TOKEN: { secret: "deployToken", as: "env" },
        KEY: { secret: "key", as: "file" },
      },
      stdin: { $cel: ["on ", { expr: "inputs.channel" }] },
      inputs: { parts: cel("steps.a.outputs.parts") },
    }),
    { a: { outputs: { count: integer(3), parts: { type: "directory", digest } } } },
  );
  t.match(valueOf(found), {
    stepId: "b",
    program: { kind: "command", argv: ["./deploy", "--count=3", "beta"] },
    env: { PLAIN: "as it is", COUNT: "3" },
    secretEnv: { TOKEN: "deployToken" },
    secretFiles: { KEY: "key" },
    stdin: "on beta",
    inputs: { parts: { type: "directory", digest } },
    inputsUsed: [],
    sandbox: { mode: "sealed" },
    seed: seedOf("b", found.driven.state.identity.planHash, sha256),
  });
  t.notOk(Object.hasOwn(valueOf(found).env, "TOKEN"));
  t.end();
});

t.test("scripts and built-ins are taken as the plan has them", (t) => {
  t.strictSame(valueOf(attemptOf([], run("b", { command: undefined, script: "echo hi\n", shell: "bash" }))).program, {
    kind: "script",
    text: "echo hi\n",
    shell: "bash",
  });
  const ingest = { source: cel("inputs.db"), filename: { $cel: ["db-", { expr: "inputs.channel" }] } };
  t.match(valueOf(attemptOf([], run("b", { command: undefined, uses: "bundle.ingest", with: ingest }))).program, {
    kind: "uses",
    uses: "bundle.ingest",
    with: { source: { type: "file", digest, name: "db.tar" }, filename: "db-beta" },
  });
  t.end();
});

t.test("the run's files are used where the node's text refers to their path, and only there", (t) => {
  t.strictSame(used({ command: ["cat", "/run/packrun/inputs/db/db.tar"] }), ["db"]);
  t.strictSame(used({ env: { FROM: cel('steps.a.status + inputs["docs"].path') } }), ["docs"]);
  t.strictSame(used({ inputs: { here: cel("inputs.db") } }), []);
  t.strictSame(used({ env: { FROM: cel("inputs.channel") } }), []);
  t.end();
});

t.test("an expression without a value is a fault that no further attempt can help", (t) => {
  const { resolved } = attemptOf([run("a")], run("b", { env: { N: cel("steps.a.outputs.count") } }));
  t.match(resolved, { ok: false, fault: { code: "EXPR_ABSENT" } });
  const object = attemptOf([run("a")], run("b", { env: { N: cel("steps.a.outputs") } }));
  t.match(object.resolved, { ok: false, fault: { code: "EXPR_TYPE" } });
  t.end();
});

t.test("a narrowed sandbox is the one that counts", (t) => {
  const sandbox = { ...planOf([]).sandbox, mode: "restricted" };
  t.equal(valueOf(attemptOf([], run("b", { sandbox }))).sandbox.mode, "restricted");
  t.end();
});

t.test("inside a map an expression sees its item, its index and its own iteration", (t) => {
  const env = {
    ITEM: cel("outer"),
    INNER: cel("item"),
    INDEX: cel("index"),
    OWN: cel("steps.x.outputs.n"),
    ALL: {
      $cel: [{ expr: "steps.w.map(each, each == null ? -1 : each.outputs.n)[1]" }, "/", { expr: "size(steps.w)" }],
    },
  };
  const plan = planOf([
    map("before", ["u", "v", "w"], [run("w", { continueOnError: true })]),
    map("a", ["p", "q"], [map("b", [7, 8], [run("x"), run("y", { env })])], { as: "outer" }),
  ]);
  const acts = {
    "before[0]::w": n(1),
    "before[1]::w": 1,
    "before[2]::w": n(3),
    "a[1]::b[0]::x": n(42),
    "a[1]::b[0]::y": "hang",
  } as const;
  const driven = new ScriptedRun(plan, { acts }).go();
  const resolved = resolveAttempt(driven.state, "a[1]::b[0]::y", sha256);
  t.match(resolved, { ok: true, value: { env: { ITEM: "q", INNER: "7", INDEX: "0", OWN: "42", ALL: "-1/3" } } });
  t.end();
});

t.test("a gate's message is evaluated, and without one there is none", (t) => {
  const message = { $cel: ["Mirror ", { expr: "steps.a.outputs.count" }, " parts"] };
  const plan = planOf([run("a"), approval("ok", { message }), approval("plain")]);
  const driven = new ScriptedRun(plan, { acts: { a: { outputs: { count: integer(4) } } } }).go();
  t.strictSame(resolveGate(driven.state, "ok"), { ok: true, value: { approval: "ok", message: "Mirror 4 parts" } });
  t.strictSame(resolveGate(driven.state, "plain"), { ok: true, value: { approval: "ok" } });
  t.end();
});

t.test("a policy sees what has surely ended before its gate, and nothing else", (t) => {
  const plan = planOf(
    [
      run("a"),
      parallel("p", [run("b"), run("c"), policy("q", { needs: ["b"], with: { limit: cel("steps.a.outputs.count") } })]),
      run("z"),
    ],
    { inputs },
  );
  const driven = new ScriptedRun(plan, { acts: { a: { outputs: { count: integer(4) } } } }).go();
  const resolved = resolvePolicy(driven.state, "q");
  t.strictSame(resolved, {
    ok: true,
    value: {
      name: "fine",
      policy: plan.policies["fine"],
      context: {
        inputs: {
          channel: "beta",
          db: { ...inputs.db, path: "/run/packrun/inputs/db/db.tar" },
          docs: { ...inputs.docs, path: "/run/packrun/inputs/docs/docs" },
        },
        pack: { name: "acme/sample", version: "1.0.0" },
        run: { id: driven.state.identity.runId },
        steps: {
          a: { status: "succeeded", outputs: { count: 4 } },
          b: { status: "succeeded", outputs: {} },
        },
        with: { limit: 4 },
      },
    },
  });
  t.end();
});

t.test("a reference that is not of this run opens nothing, wherever it stands", (t) => {
  const foreign = { type: "file", digest: digestOfText("another run's"), size: 3 };
  const html = { ...file, digest: digestOfText("a listing of foreign files") };
  const listing = { type: "directory", digest: html.digest };
  const made = {
    html,
    parts: { type: "directory", digest: digestOfText("parts") },
    forged: { type: "object", value: foreign },
    posed: { type: "object", value: listing },
    within: { type: "array", value: [{ deep: foreign }] },
  } as const;
  const codeWith = (more: { readonly [member: string]: unknown }): string | undefined => {
    const { resolved } = attemptOf([run("a")], run("b", more), { a: { outputs: made } });
    return resolved.ok ? undefined : resolved.fault.code;
  };
  const uses = { uses: "bundle.ingest", command: undefined };
  for (const own of ["inputs.db", "inputs.docs", "steps.a.outputs.html", "steps.a.outputs.parts"]) {
    t.equal(codeWith({ inputs: { x: cel(own) } }), undefined, own);
    t.equal(codeWith({ ...uses, with: { source: cel(own) } }), undefined, own);
  }
  for (const name of ["forged", "posed", "within"]) {
    t.equal(codeWith({ inputs: { x: cel(`steps.a.outputs.${name}`) } }), "EXPR_REFERENCE", name);
    t.equal(codeWith({ ...uses, with: { source: cel(`steps.a.outputs.${name}`) } }), "EXPR_REFERENCE", name);
  }
  t.equal(codeWith({ inputs: { x: foreign } }), "EXPR_REFERENCE", "in the plan itself");
  t.end();
});

t.test("what was taken over from another run, and what the ledger told before, belongs to the run", (t) => {
  const plan = planOf([
    run("a"),
    map("m", cel("[1]"), [run("x")], { maxItems: 1 }),
    run("b", { inputs: { x: cel("steps.x[0].outputs.html"), y: cel("steps.a.outputs.html") } }),
  ]);
  const other = { ...file, digest: digestOfText("other") };
  const driven = ScriptedRun.from(plan, { a: { html: file }, "m[0]::x": { html: other } }).go();
  const again = restoreState(plan, structuredClone(recordOf(driven.state)));
  for (const state of [driven.state, again]) {
    t.match(resolveAttempt(state, "b", sha256), { ok: true, value: { inputs: { x: other, y: file } } });
  }
  t.end();
});

t.test("a policy's context has a path of its own, short enough for every file system", (t) => {
  t.equal(policyContextPath("a[0]::check", sha256), "policies/a[0]::check.json");
  t.match(policyContextPath("x".repeat(91), sha256), /^policies\/[0-9a-f]{64}\.json$/);
  t.equal(policyContextPath("x".repeat(90), sha256), `policies/${"x".repeat(90)}.json`);
  t.end();
});

t.test("the pack's outputs keep declared types, and those without a value are left out", (t) => {
  const outputs = {
    same: { from: cel("steps.a.outputs.ratio") },
    quoted: { from: cel('steps["a"].outputs["html"]') },
    chosen: { from: cel("inputs.channel == 'beta' ? steps.a.outputs.html : steps.a.outputs.html") },
    text: { from: { $cel: ["count ", { expr: "steps.a.outputs.count" }] } },
    sum: { from: cel("steps.a.outputs.count + 1") },
    half: { from: cel("1.5") },
    fine: { from: cel("steps.a.outputs.count == 4") },
    fixed: { from: ["x"] },
    absent: { from: cel("steps.b.outputs.nothing") },
    looksLike: { from: { type: "file", digest: digestOfText("other"), size: 1 } },
  };
  const plan = planOf([run("a"), run("b")], { inputs, outputs });
  const made = { ratio: { type: "number", value: 2 }, html: file, count: integer(4) } as const;
  const driven = new ScriptedRun(plan, { acts: { a: { outputs: made } } }).go();
  t.strictSame(resolveOutputs(driven.state), {
    same: { type: "number", value: 2 },
    quoted: file,
    chosen: file,
    text: { type: "string", value: "count 4" },
    sum: integer(5),
    half: { type: "number", value: 1.5 },
    fine: { type: "boolean", value: true },
    fixed: { type: "array", value: ["x"] },
    looksLike: { type: "object", value: outputs.looksLike.from },
  });
  t.strictSame(driven.state.outputs, resolveOutputs(driven.state));
  t.end();
});

t.test("the list of a map that has ended is made once, that of one that runs each time", (t) => {
  const plan = planOf([
    map("m", [1, 2], [run("w")]),
    map("q", [1, 2], [run("r", { env: { N: cel("size(steps.w)") } })]),
  ]);
  const target = (state: ScriptedRun["state"]) => state.live.graph.byName.get("w");
  const ended = new ScriptedRun(plan).go().state;
  const running = new ScriptedRun(plan, { acts: { "m[1]::w": "hang" } }).go().state;
  const [seen, live] = [target(ended), target(running)];
  if (seen === undefined || live === undefined) {
    throw new Error("the plan has the step");
  }
  t.equal(viewOfStep(ended, seen, undefined), viewOfStep(ended, seen, undefined));
  t.not(viewOfStep(running, live, undefined), viewOfStep(running, live, undefined));
  t.match(viewOfStep(running, live, undefined), [{ status: "succeeded" }, null]);
  t.end();
});
