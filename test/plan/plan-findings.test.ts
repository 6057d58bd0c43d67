import t from "tap";
import { compileText } from "./sample-plan.ts";

const packText = (policies: string, steps: string): string => `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/sample, version: 1.0.0}
spec:
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
${policies}
  steps:
${steps}
`;
const lines = (count: number, line: (at: number) => string, between = "\n"): string =>
  Array.from({ length: count }, (_, at) => line(at)).join(between);
const problemsOf = (text: string): number => {
  const compiled = compileText(text);
  return compiled.ok ? 0 : compiled.fault.length;
};

t.test("a string says a hundred things that are wrong with it, and other strings as many", (t) => {
  const wrong = lines(300, (at) => `\${{ inputs.x${at} }}`, "");
  t.equal(problemsOf(packText("", `    - {id: a, run: {command: [echo, "${wrong}"]}}`)), 100);
  t.equal(problemsOf(packText("", `    - {id: a, run: {command: [echo, "${wrong}", "${wrong}"]}}`)), 200);
  t.end();
});

t.test("a policy that is wrong for every gate says so once, and takes no longer for many gates", (t) => {
  const policy = `  policies: {p: {engine: cel, expression: "${lines(900, () => "nix", " && ")}"}}`;
  const gates = (count: number): string => lines(count, (at) => `    - {id: g${at}, gate: {policy: p}}`);
  t.equal(problemsOf(packText(policy, gates(1))), 100);
  t.equal(problemsOf(packText(policy, gates(1000))), 100);
  t.end();
});

t.test("a policy that is wrong for one of many gates says so", (t) => {
  const policy = `  policies: {p: {engine: cel, expression: "steps.late.status == 'succeeded'"}}`;
  const gates = lines(30, (at) => `    - {id: g${at}, gate: {policy: p}}`);
  const late = "    - {id: late, run: {command: [echo]}}";
  t.equal(problemsOf(packText(policy, `${late}\n${gates}`)), 0);
  t.equal(problemsOf(packText(policy, `    - {id: first, gate: {policy: p}}\n${late}\n${gates}`)), 1);
  t.end();
});
