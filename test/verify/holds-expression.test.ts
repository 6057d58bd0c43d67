import t from "tap";
import { holdsExpression } from "#verify/holds-expression.ts";

const cel = { $cel: [{ expr: "steps.build.outputs.report" }] };

t.test("an expression is found wherever it stands", async (t) => {
  t.ok(holdsExpression(cel));
  t.ok(holdsExpression({ steps: [{ when: cel }] }));
  t.ok(holdsExpression({ steps: [], outputs: { report: { from: cel } } }), "in the outputs of a plan alone");
  const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], cel);
  t.ok(holdsExpression(deep), "however deep");
});

t.test("text that only looks like one is none", async (t) => {
  t.notOk(holdsExpression({ command: ["$cel", '{"$cel":[]}'] }));
  t.notOk(holdsExpression(["steps.build.outputs", null, 1, {}]));
});
