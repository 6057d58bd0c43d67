import t from "tap";
import { canonicalKey, compareKeys, graphOf } from "#run/graph.ts";
import { initialState } from "#run/state.ts";
import { runSummary } from "#run/summary.ts";
import { identityOf, map, parallel, planOf, run } from "./sample-plan.ts";

const plan = planOf([run("a"), map("m", [1, 2], [run("x"), map("n", [1], [run("y")])]), parallel("p", [run("z")])], {
  finally: [run("f")],
});

t.test("a graph knows the neighbours of every node", (t) => {
  const { byId, byName, main, finally: last } = graphOf(plan);
  t.strictSame(
    main.map((at) => at.name),
    ["a", "m", "p"],
  );
  t.strictSame(
    last.map((at) => [at.name, at.inFinally]),
    [["f", true]],
  );
  const inner = byId.get("m[*]::n[*]::y");
  t.equal(inner, byName.get("y"));
  t.equal(inner?.parent, byId.get("m[*]::n"));
  t.strictSame(
    byId.get("a")?.dependents.map((at) => at.name),
    ["m"],
  );
  t.end();
});

t.test("a failure is shielded by the node itself and by everything around it", (t) => {
  const shield = { continueOnError: true };
  const { byName } = graphOf(planOf([parallel("p", [parallel("q", [run("a")])], shield), run("b", shield), run("c")]));
  t.strictSame(
    ["a", "q", "p", "b", "c"].map((name) => byName.get(name)?.shielded),
    [true, true, true, true, false],
  );
  t.end();
});

t.test("canonical order is that of the text, then of the items, whether maps are expanded or not", (t) => {
  const graph = graphOf(plan);
  const ids = ["a", "m", "m[0]::x", "m[0]::n", "m[0]::n[0]::y", "m[0]::n[10]::y", "m[1]::x", "p", "z", "f"];
  const shuffled = ids
    .toReversed()
    .toSorted((a, b) => compareKeys(canonicalKey(graph, a) ?? [], canonicalKey(graph, b) ?? []));
  t.strictSame(shuffled, ids);
  for (const id of ["", "nobody", "m[0]", "m[0]::nobody", "a[0]::x", "m::x", "m[*]::x", "m[0]::x::y", "__proto__"]) {
    t.equal(canonicalKey(graph, id), undefined, id);
  }
  t.end();
});

t.test("a plan that nobody compiled is read without an exception", (t) => {
  const [a, b] = planOf([run("a"), run("b")]).steps;
  if (a === undefined || b === undefined) {
    throw new Error("two steps make two nodes");
  }
  const strange = [
    [a, a],
    [{ ...a, parent: "b" }, b],
    [{ ...a, parent: "a" }],
    [
      { ...a, needs: ["nobody", "a"] },
      { ...b, needs: ["b"] },
    ],
    [
      { ...a, needs: ["b"] },
      { ...b, needs: ["a"] },
    ],
  ];
  for (const steps of strange) {
    const odd = { ...planOf([]), steps };
    t.ok(runSummary(initialState(odd, identityOf(odd))).steps.length > 0);
  }
  t.end();
});

t.test("steps may be called like members that every object has", (t) => {
  const names = ["constructor", "toString", "valueOf", "hasOwnProperty"];
  const odd = planOf(names.map((name) => run(name)));
  t.strictSame(
    runSummary(initialState(odd, identityOf(odd))).steps.map(({ id, status }) => [id, status]),
    names.map((name) => [name, "pending"]),
  );
  t.end();
});
