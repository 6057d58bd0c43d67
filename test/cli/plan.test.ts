import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readInputsLock } from "#plan/inputs-lock.ts";
import { packrun } from "./command-line.ts";

const pack = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/small, version: 1.0.0}
spec:
  inputs:
    names: {type: array, default: [a, b]}
    channel: {type: string, required: true}
  secrets: {token: {description: a token}}
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  approvals: {go: {required: 1, from: [approver], ttl: 1h}}
  policies: {few: {engine: cel, expression: "size(inputs.names) < 3"}}
  steps:
    - {id: first, env: {TOKEN: {secret: token}}, run: {command: ["true"]}}
    - {id: check, gate: {policy: few}}
    - {id: ok, gate: {approval: go}}
    - id: each
      map: {items: "\${{ inputs.names }}", as: name, steps: [{id: say, run: {command: [echo, "\${{ name }}"]}}]}
`;
const wrong = pack.replace("id: first,", "id: first, tiemout: 5m,").replace("name }}", "nmae }}");
const folder = t.testdir({ small: { "pack.yaml": pack }, wrong: { "pack.yaml": wrong } });
const here = (name: string): string => join(folder, name);

t.test("the plan file is the bytes that planHash is taken over", async (t) => {
  const made = packrun(folder, "plan", "small", "-i", "channel=beta", "-o", "plan.json", "--json");
  t.equal(made.code, 0, made.err);
  const answer = JSON.parse(made.out) as { planHash: string };
  t.match(answer, {
    schemaVersion: 1,
    planPath: "plan.json",
    pack: { name: "acme/small", version: "1.0.0" },
    steps: [{ id: "first", kind: "run" }, {}, {}, {}, { id: "each[*]::say", kind: "run" }],
    gates: [
      { id: "check", kind: "gate.policy" },
      { id: "ok", kind: "gate.approval" },
    ],
    secrets: ["token"],
    diagnostics: [],
  });
  const hash = createHash("sha256")
    .update(readFileSync(here("plan.json")))
    .digest("hex");
  t.equal(answer.planHash, `sha256:${hash}`);
});

t.test("without -o nothing is written", async (t) => {
  const made = packrun(folder, "plan", "small", "-i", "channel=beta");
  t.match(made, { code: 0, out: /planHash {2}sha256:[0-9a-f]{64}\n/, err: "" });
});

t.test("the inputs lock names sources, and providers of secrets, never their values", async (t) => {
  const made = packrun(
    ...([
      folder,
      "plan",
      "small",
      "-i",
      "channel=beta",
      "--inputs-lock",
      "lock",
      "--secret",
      "token=env:TOKEN",
    ] as const),
  );
  t.equal(made.code, 0, made.err);
  const lock = readInputsLock(readFileSync(here("lock")));
  t.ok(lock.ok);
  t.match(lock, {
    value: {
      tenantId: "default",
      inputs: { channel: { source: "cli", value: "beta" }, names: { source: "default" } },
      secrets: { token: { provider: "env", redacted: true } },
    },
  });
  const undeclared = ["plan", "small", "-i", "channel=beta", "--secret", "tokn=env:TOKEN", "-o", "none.json"] as const;
  t.match(packrun(folder, ...undeclared), { code: 3, err: /SECRET_UNDECLARED[^]*the plan uses token/ });
  t.notOk(existsSync(here("none.json")), "nothing is written");
});

t.test("--diff shows what changed since, and the exit code says whether", async (t) => {
  const same = packrun(folder, "plan", "small", "-i", "channel=beta", "--diff", "plan.json", "--detailed-exitcode");
  t.match(same, { code: 0, out: /^no differences/ });
  const changed = [folder, "plan", "small", "-i", "channel=stable", "--diff", "plan.json"] as const;
  t.match(packrun(...changed), { code: 0, out: '~ /inputs/channel/value\n    - "beta"\n    + "stable"\n' });
  t.equal(packrun(...changed, "--detailed-exitcode").code, 20);
  t.match(JSON.parse(packrun(...changed, "--json").out), {
    differs: true,
    diff: { inputs: [{ pointer: "/inputs/channel/value", before: "beta", after: "stable" }] },
  });
});

t.test("what keeps a plan from being made is told with its exit code", async (t) => {
  t.match(packrun(folder, "plan", "small", "--json"), { code: 3, out: /"code":"INPUT_MISSING"/ });
  t.match(packrun(folder, "plan", "small", "-i", "channel=x", "--detailed-exitcode"), { code: 2, err: /--diff/ });
  t.match(packrun(folder, "plan", "small", "-i", "channel=x", "--diff", "none"), { code: 2, err: /USER_FILE_READ/ });
  t.match(packrun(folder, "plan", "small", "-i", "channel=x", "--diff", "small/pack.yaml"), {
    code: 6,
    err: /PLAN_FILE/,
  });
  t.match(packrun(folder, "plan", "small", "-i", "channel=x", "-o", "no/where"), { code: 2, err: /USER_FILE_WRITE/ });
});

t.test(
  "what is wrong with the pack, its expressions and the arguments is one list, and findings in the pack tell the exit code",
  async (t) => {
    const refused = packrun(folder, "plan", "wrong", "-i", "names=x", "-i", "channel", "--json");
    t.equal(refused.code, 3);
    const { diagnostics } = JSON.parse(refused.out) as { diagnostics: readonly { file: string; code: string }[] };
    t.strictSame(
      diagnostics.map(({ file, code }) => `${file} ${code}`),
      [
        "command line INPUT_ARGUMENT",
        "command line INPUT_TYPE",
        "wrong/pack.yaml PACK_UNKNOWN_FIELD",
        "wrong/pack.yaml EXPR_UNKNOWN",
      ],
    );
    t.equal(packrun(folder, "plan", "small", "-i", "channel").code, 2, "alone it is wrong use");
  },
);
