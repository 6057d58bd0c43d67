import t from "tap";
import { packrun } from "./command-line.ts";

const pack = (more: string): string => `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/quick, version: 1.0.0}
spec:
  inputs: {target: {type: string, required: true}}
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
${more}
  steps: [{id: a, run: {command: [echo, hello]}}]
`;
const folder = t.testdir({
  quick: { "pack.yaml": pack("  slo: {runP95Seconds: 60}") },
  slow: { "pack.yaml": pack("") },
  broken: { "pack.yaml": pack("  slo: {runP95Seconds: soon}") },
});

t.test("rules are printed for what a pack promises, whatever inputs it needs", async (t) => {
  const { code, out, err } = packrun(folder, "slo", "rules", "quick");
  t.equal(code, 0, err);
  t.match(out, /^groups:\n {2}# run: 95 % within 60 s\n {2}- name: "packrun-slo:acme\/quick:run"\n/);
  const none = packrun(folder, "slo", "rules", "slow");
  t.equal(none.code, 2);
  t.match(none.err, /SLO_NONE/);
  t.equal(packrun(folder, "slo", "rules", "broken").code, 3);
});
