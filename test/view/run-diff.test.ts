import t from "tap";
import { runDiff } from "#view/run-diff.ts";
import { runDiffText } from "#view/run-diff-text.ts";
import { approval, planOf, run } from "../run/sample-plan.ts";
import { ScriptedRun, type Script } from "../run/scripted-run.ts";

const steps = [run("a"), run("b"), approval("ok"), run("z")];
const outputs = { n: { from: { $cel: [{ expr: "steps.a.outputs.n" }] } } };
const plan = planOf(steps, { outputs });

function driven(script: Script = {}, decision: "approve" | "reject" = "approve"): ScriptedRun {
  const made = new ScriptedRun(plan, {
    acts: { a: { outputs: { n: { type: "integer", value: 1 } } } },
    ...script,
  }).go();
  for (const person of decision === "approve" ? ["ann", "bob"] : ["cy"]) {
    made.decide("ok", person, decision);
  }
  return made.go();
}

t.test("runs that differ in nothing but time are the same", (t) => {
  const diff = runDiff(driven().state, driven({ takes: 300 }).state);
  t.equal(diff.differs, false);
  t.notOk([...diff.steps, ...diff.outputs, ...diff.decisions].some(({ differs }) => differs));
  t.match(runDiffText(diff), /no differences but time\n$/);
  t.end();
});

t.test("steps, outputs and decisions that differ are marked, with both sides", (t) => {
  const other = { a: { outputs: { n: { type: "integer", value: 2 } } } } as const;
  const diff = runDiff(driven().state, driven({ acts: other }, "reject").state);
  t.equal(diff.differs, true);
  t.strictSame(
    diff.steps.map(({ id, differs }) => `${id} ${differs}`),
    ["a true", "b false", "ok true", "z true"],
  );
  t.match(diff.decisions, [{ id: "ok", before: ["approve by ann", "approve by bob"], after: ["reject by cy"] }]);
  t.match(diff.outputs, [{ id: "n", before: { value: 1 }, after: { value: 2 } }]);
  const text = runDiffText(diff);
  t.match(text, /^~ status +succeeded +failed \(GATE_REJECTED\)$/m);
  t.match(text, /^~ gate ok +approve by ann, approve by bob +reject by cy$/m);
  t.match(text, /^~ output n +1 +2$/m);
  t.match(text, /^ {2}b +succeeded 5ms +succeeded 5ms$/m);
  t.end();
});

t.test("what only one side has is shown beside nothing; plans are compared, too", (t) => {
  const shorter = new ScriptedRun(planOf([run("a"), run("new")])).go();
  const diff = runDiff(driven().state, shorter.state);
  t.strictSame(
    diff.steps.map(({ id, before, after }) => [id, before?.status, after?.status]),
    [
      ["a", "succeeded", "succeeded"],
      ["new", undefined, "succeeded"],
      ["b", "succeeded", undefined],
      ["ok", "succeeded", undefined],
      ["z", "succeeded", undefined],
    ],
  );
  const text = runDiffText(diff);
  t.match(text, /^~ new +\(none\) +succeeded/m);
  t.match(text, /^~ planHash/m);
  t.match(text, /^plan\n[^]*^ {2}- ok \(gate\.approval\)$/m);
  t.end();
});

t.test("names of a pack cannot move the terminal or break the table", (t) => {
  const evil = planOf([run("a")], { pack: { ...plan.pack, version: "1.0.0+x" } });
  const long = planOf([run("a".repeat(60))]);
  const text = runDiffText(runDiff(new ScriptedRun(evil).go().state, new ScriptedRun(long).go().state));
  t.ok(text.split("\n").every((line) => line.length < 140));
  t.end();
});
