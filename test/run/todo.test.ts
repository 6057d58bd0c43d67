import * as fc from "fast-check";
import t from "tap";
import { firstReady, give, scope, setReady, slot, take, type Slot } from "#run/ready-tree.ts";
import { todo } from "#run/todo.ts";
import { approval, map, parallel, planOf, policy, run } from "./sample-plan.ts";
import { ScriptedRun, START } from "./scripted-run.ts";

const retry = { retry: { maxAttempts: 3, initialMs: 1000, factor: 1, maxMs: 1000 } };
const start = (stepId: string) => ({ kind: "start", stepId, attempt: 1, secrets: [] }) as const;
const end = (stepId: string, exitCode?: number) => {
  const measured = { durationMs: 1, artifacts: [] };
  const outcome =
    exitCode === undefined
      ? ({ kind: "succeeded", outputs: {}, ...measured } as const)
      : ({ kind: "failed", reason: "STEP_EXIT", hint: "", exitCode, ...measured } as const);
  return { kind: "ended", stepId, attempt: 1, outcome } as const;
};
const keys = (driven: ScriptedRun, maxParallel = 2): readonly string[] =>
  todo(driven.state, maxParallel).flatMap((effect) => (effect.kind === "upcoming" ? [] : [effect.key]));
const upcoming = (driven: ScriptedRun, maxParallel: number): readonly string[] =>
  todo(driven.state, maxParallel).flatMap((effect) => (effect.kind === "upcoming" ? [effect.key] : []));

t.test("the earlier in canonical order goes first, and nothing that was listed is displaced", (t) => {
  const driven = new ScriptedRun(planOf([parallel("p", [run("a", { needs: ["c"] }), run("b"), run("c"), run("d")])]));
  t.strictSame(keys(driven), ["run:b:1", "run:c:1"]);
  driven.send(start("b"), start("c"));
  driven.send(end("c"));
  t.strictSame(keys(driven), ["run:a:1", "run:b:1"]);
  driven.send(end("b"));
  t.strictSame(keys(driven, 1), ["run:a:1"]);
  t.strictSame(keys(driven), ["run:a:1", "run:d:1"]);
  t.strictSame(keys(driven), ["run:a:1", "run:d:1"]);
  t.end();
});

t.test("fewer places take back what has not started, the last first", (t) => {
  const driven = new ScriptedRun(planOf([parallel("p", [run("a"), run("b"), run("c")])]));
  t.strictSame(keys(driven, 3), ["run:a:1", "run:b:1", "run:c:1"]);
  driven.send(start("c"));
  t.strictSame(keys(driven, 2), ["run:a:1", "run:c:1"]);
  t.strictSame(keys(driven, 0), ["run:c:1"]);
  t.strictSame(keys(driven, 3), ["run:a:1", "run:b:1", "run:c:1"]);
  t.end();
});

t.test("the attempt that gets the next place is named while all places are taken", (t) => {
  const driven = new ScriptedRun(planOf([parallel("p", [run("a", { needs: ["c"] }), run("b"), run("c"), run("d")])]));
  t.strictSame(upcoming(driven, 3), []);
  t.strictSame(upcoming(driven, 2), ["run:d:1"]);
  driven.send(start("b"), start("c"));
  driven.send(end("c"));
  t.strictSame(upcoming(driven, 1), ["run:a:1"]);
  t.strictSame(upcoming(driven, 2), ["run:d:1"]);
  t.strictSame(keys(driven, 2), ["run:a:1", "run:b:1"]);
  driven.send({ kind: "cancel", by: "tester" });
  t.strictSame(upcoming(driven, 2), []);
  t.end();
});

t.test("at most two are named, within every limit around them, and naming them changes nothing", (t) => {
  const steps = ["c", "d", "e", "f"].map((id) => run(id));
  const free = new ScriptedRun(planOf([parallel("p", [run("a"), run("b"), ...steps])]));
  t.strictSame(upcoming(free, 2), ["run:c:1", "run:d:1"]);
  t.strictSame(upcoming(free, 2), ["run:c:1", "run:d:1"]);
  t.strictSame(keys(free, 2), ["run:a:1", "run:b:1"]);
  t.strictSame(keys(free, 4), ["run:a:1", "run:b:1", "run:c:1", "run:d:1"]);
  const bounded = new ScriptedRun(
    planOf([parallel("p", [run("a"), run("b"), parallel("q", steps, { maxParallel: 1 })])]),
  );
  t.strictSame(upcoming(bounded, 2), ["run:c:1"]);
  t.end();
});

t.test("a step with a secret is not named beforehand: its secret is fetched in its turn", (t) => {
  const secret = { env: { TOKEN: { secret: "token", as: "env" as const } } };
  const driven = new ScriptedRun(planOf([parallel("p", [run("a"), run("b", secret)])]));
  t.strictSame(keys(driven, 1), ["run:a:1"]);
  t.strictSame(upcoming(driven, 1), []);
  t.end();
});

t.test("a wait before another attempt and an open gate hold no place", (t) => {
  const driven = new ScriptedRun(
    planOf([parallel("p", [run("a", retry), approval("ok"), run("b")], { maxParallel: 1 })]),
  );
  t.strictSame(keys(driven, 1), ["run:a:1", "open:ok"]);
  driven.send(start("a"));
  driven.send(end("a", 1));
  t.strictSame(keys(driven, 1).slice(0, 2), ["run:b:1", "open:ok"]);
  t.end();
});

t.test("a container bounds its direct children, a map its iterations", (t) => {
  const plan = planOf([
    parallel(
      "p",
      [
        parallel("x", [run("x1"), run("x2")]),
        parallel("y", [run("y1"), run("y2")]),
        map("m", [0, 1, 2], [parallel("z", [run("z1"), run("z2")])], { maxParallel: 2 }),
      ],
      { maxParallel: 2 },
    ),
  ]);
  const driven = new ScriptedRun(plan);
  t.strictSame(keys(driven, 99), ["run:x1:1", "run:x2:1", "run:y1:1", "run:y2:1"]);
  for (const step of ["x1", "x2", "y1", "y2"]) {
    driven.send(start(step));
    driven.send(end(step));
  }
  t.strictSame(keys(driven, 99), ["run:m[0]::z1:1", "run:m[0]::z2:1", "run:m[1]::z1:1", "run:m[1]::z2:1"]);
  t.end();
});

t.test("timers are absolute and keep their keys and times while time passes", (t) => {
  const plan = planOf([parallel("p", [run("a", retry), approval("ok"), run("b")])], {
    sandbox: { ...planOf([]).sandbox, wallClockMs: 60_000 },
  });
  const driven = new ScriptedRun(plan, { acts: { b: "hang" } });
  driven.send(start("a"), start("b"));
  driven.send(end("a", 1));
  driven.send({
    kind: "gateOpened",
    stepId: "ok",
    requestDigest: plan.pack.digest,
    notAfter: "2026-01-05T09:00:00.000Z" as never,
  });
  const timers = () => driven.todo().filter((effect) => effect.kind === "timer");
  const before = timers();
  t.match(before, [
    { key: "timer:retry:a:1" },
    { key: "timer:gate:ok", dueAt: START + 3_600_000 },
    { key: "timer:wall-clock", dueAt: START + 60_000 },
  ]);
  driven.now += 500;
  driven.send({ kind: "tick" });
  t.strictSame(timers(), before);
  t.end();
});

t.test("policies are wanted once their gate is reached, and no more once the run stops", (t) => {
  const driven = new ScriptedRun(planOf([parallel("p", [policy("q"), run("a")])]), { acts: { a: "hang" } });
  t.strictSame(keys(driven), ["run:a:1", "policy:q"]);
  driven.send(start("a"));
  driven.cancel();
  t.strictSame(keys(driven), []);
  t.end();
});

t.test("nothing is wanted before the plan was verified, nor after the end", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  driven.send({ kind: "acquire", owner: "x", fence: 2 });
  t.strictSame(keys(driven), []);
  driven.takeOver().go();
  t.strictSame(keys(driven), []);
  t.end();
});

/** The same tree, asked the slow way. */
type Model = { readonly limit: number; readonly children: readonly (Model | Leaf)[] };
type Leaf = { readonly slot: Slot<string>; readonly name: string; ready: boolean; flying: boolean };
const isLeaf = (node: Model | Leaf): node is Leaf => "slot" in node;
const flies = (node: Model | Leaf): boolean => (isLeaf(node) ? node.flying : node.children.some(flies));
function first(node: Model | Leaf): string | undefined {
  if (isLeaf(node)) {
    return node.ready ? node.name : undefined;
  }
  const full = node.children.filter(flies).length >= node.limit;
  for (const child of node.children) {
    const found = full && !flies(child) ? undefined : first(child);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

t.test("the ready tree finds what a look at every step would find", (t) => {
  const shape = fc.letrec<{ node: readonly unknown[] | 0 }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.constant(0 as const),
      fc.array(tie("node"), { minLength: 1, maxLength: 4 }),
    ),
  })).node;
  fc.assert(
    fc.property(
      fc.array(shape, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { minLength: 1 }),
      fc.array(fc.nat(), { maxLength: 60 }),
      (form, limits, moves) => {
        const leaves: Leaf[] = [];
        let made = 0;
        const root = scope<string>(limitOf(0));
        function limitOf(at: number): number | undefined {
          const limit = limits[at % limits.length] ?? 0;
          return limit % 4 === 0 ? undefined : limit % 4;
        }
        function build(
          inside: readonly unknown[],
          within: ReturnType<typeof scope<string>>,
        ): readonly (Model | Leaf)[] {
          return inside.map((each, rank) => {
            const own = slot(within, rank);
            made += 1;
            if (!Array.isArray(each)) {
              own.leaf = `leaf${made}`;
              const leaf: Leaf = { slot: own, name: own.leaf, ready: false, flying: false };
              leaves.push(leaf);
              return leaf;
            }
            const inner = scope(limitOf(made), own);
            return { limit: inner.limit, children: build(each as readonly unknown[], inner) };
          });
        }
        const model: Model = { limit: root.limit, children: build(form, root) };
        for (const move of moves) {
          const leaf = leaves[move % leaves.length];
          if (leaf === undefined) {
            return true;
          }
          if (leaf.flying) {
            leaf.flying = false;
            give(leaf.slot);
          } else if (leaf.ready && move % 3 === 0) {
            leaf.ready = false;
            leaf.flying = true;
            take(leaf.slot);
          } else {
            leaf.ready = !leaf.ready;
            setReady(leaf.slot, leaf.ready);
          }
          if (firstReady(root) !== first(model)) {
            return false;
          }
        }
        return true;
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});
