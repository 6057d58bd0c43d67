import t from "tap";
import { planText } from "#view/plan-text.ts";
import { argvText, templateText } from "#view/template-text.ts";
import { branchesPlan, mirrorPlan } from "./sample-plans.ts";

t.test("a plan at a glance shows its steps inside each other, their kinds in one column", async (t) => {
  t.match(planText(mirrorPlan(), "sha256:00"), /planHash {2}sha256:00\n/);
  const lines = planText(branchesPlan(), "sha256:00").split("\n");
  t.strictSame(lines.slice(lines.indexOf("steps"), lines.indexOf("finally")), [
    "steps",
    "  find      script",
    "  small     policy gate small",
    "  few       policy gate few",
    "  each      map of up to 50 items",
    "    copy    command",
    "    sign    command",
    "  zones     map of 3 items",
    "    deploy  command",
    "    check   command",
    "  after     parallel",
    "    notify  command",
    "    undo    command",
    "    smoke   sbom.files",
    "    report  command",
    "    go      approval gate ok",
  ]);
});

t.test("values are told as a pack would say them", async (t) => {
  t.equal(templateText({ $cel: ["a ", { expr: "inputs.x" }] }), "a ${{ inputs.x }}");
  t.equal(
    templateText({ list: [1, { $cel: [{ expr: "steps.a" }] }], text: "x" }),
    '{"list":[1,"${{ steps.a }}"],"text":"x"}',
  );
  t.equal(templateText(3), "3");
  t.equal(
    argvText(["cp", "a b", "", { $cel: [{ expr: "steps.a.outputs.b" }] }, "it's"]),
    'cp "a b" "" ${{ steps.a.outputs.b }} "it\'s"',
  );
});
