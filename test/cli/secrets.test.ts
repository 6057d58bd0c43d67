import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { answerOf, commandLines, faultOf, Place } from "./place.ts";

// Values of this file alone: command lines of the whole machine are looked through for them.
const CANARY = 'zeisig-"7f3a9c/42\\b+e1==';
const FILE_CANARY = "second-zeisig-0b5d1e9f";
const env = { TOKEN: CANARY };

/** Every form in which steps print the first secret here. */
const FORMS = [
  CANARY,
  Buffer.from(CANARY).toString("base64"),
  JSON.stringify(CANARY).slice(1, -1),
  encodeURIComponent(CANARY),
];

const spec = (script: string, more: object = {}) => ({
  secrets: { token: { description: "a token" }, other: { description: "another" } },
  steps: [
    {
      id: "use",
      env: { TOKEN: { secret: "token" }, OTHER: { secret: "other", as: "file" } },
      run: { script },
      ...more,
    },
  ],
});
const given = ["--secret", "token=env:TOKEN", "--secret", "other=file:other.txt"];

function placeOf(t: Test, script: string, more?: object): Place {
  const place = new Place(t);
  place.pack("secret", spec(script, more));
  place.write("other.txt", FILE_CANARY);
  return place;
}

/** Files below a folder in which one of the texts stands. */
function filesWith(folder: string, texts: readonly string[]): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .filter((path) => {
      const bytes = readFileSync(path);
      return texts.some((text) => bytes.includes(text));
    });
}

t.jobs = 2;

t.test("steps get secrets as variables and files, and no trace of them is left anywhere", async (t) => {
  const script = `
[ "$(printf %s "$OTHER" | cut -c1-1)" = / ] || exit 9
printf 'raw %s\\n' "$TOKEN"
echo "file $(cat "$OTHER")"
echo "base64 $(printf %s "$TOKEN" | base64 -w0)"
printf 'json "%s"\\n' "$(printf %s "$TOKEN" | sed 's/[\\\\"]/\\\\&/g')" >&2
printf 'split %s' "$(printf %s "$TOKEN" | cut -c1-10)"; sleep 0.3; printf '%s\\n' "$(printf %s "$TOKEN" | cut -c11-)"
printf '{"length": %d}' "\${#TOKEN}" > "$PACKRUN_OUTPUT"
sleep 0.3
`;
  const place = placeOf(t, script, { outputs: { length: { type: "integer" } } });
  const run = place.start(["run", "secret", ...given, "--json"], env);
  const seen = new Set<string>();
  const look = setInterval(() => commandLines().forEach(({ text }) => seen.add(text)), 10);
  const ended = await run.ended;
  clearInterval(look);
  t.equal(ended.code, 0, ended.err);
  const printed = (stream: string): readonly string[] =>
    place
      .ledger()
      .flatMap((event) =>
        event.eventType === "step.output" && event.metadata.stream === stream ? [event.metadata] : [],
      )
      .map(({ lines, partial }) => lines.join("\n") + (partial === true ? "" : "\n"))
      .join("")
      .split("\n");
  t.strictSame(printed("stdout"), [
    "raw [redacted:token]",
    "file [redacted:other]",
    "base64 [redacted:token]",
    "split [redacted:token]",
    "",
  ]);
  t.strictSame(printed("stderr"), ['json "[redacted:token]"', ""]);
  t.match(
    place.ledger().find(({ eventType }) => eventType === "step.succeeded"),
    {
      metadata: { outputs: { length: { type: "integer", value: CANARY.length } } },
    },
  );
  const texts = [...FORMS, FILE_CANARY];
  t.strictSame(filesWith(place.here(".packrun"), texts), [], "no file of the store holds one");
  t.strictSame(
    texts.filter((text) => `${ended.out}${ended.err}`.includes(text)),
    [],
    "packrun prints none",
  );
  t.ok(seen.size > 0);
  t.strictSame(
    [...seen].filter((line) => texts.some((text) => line.includes(text))),
    [],
    "no command line held one while it ran",
  );
  const logs = await place.packrun("runs", "logs", "last");
  t.notOk(texts.some((text) => logs.out.includes(text)));
  t.match(
    place.ledger().filter(({ eventType }) => eventType === "secret.resolved"),
    [{ metadata: { name: "token", provider: "env" } }, { metadata: { name: "other", provider: "file" } }],
  );
  t.equal((await place.packrun("verify", "last")).code, 0);
});

t.test("an output that holds a secret fails the step and is not kept", async (t) => {
  const place = placeOf(t, 'printf "key=%s" "$TOKEN" > config', { outputs: { config: { file: "config" } } });
  const ran = await place.start(["run", "secret", ...given, "--json"], env).ended;
  t.equal(ran.code, 1, ran.err);
  t.match(answerOf(ran), { status: "failed", reason: "SECRET_IN_ARTIFACT" });
  t.strictSame(filesWith(place.here(".packrun"), [CANARY]), []);
  t.match(
    place.ledger().find(({ eventType }) => eventType === "step.artifact"),
    {
      metadata: { status: "refused", digest: undefined },
    },
  );
});

t.test(
  "a secret in a typed output is refused, or, where the pack expects it, redacted for all that follows",
  async (t) => {
    // Digits, which a step can write as a number too.
    const digits = { TOKEN: "730291845577" };
    const cases = [
      ["string", '"%s"', false, "SECRET_IN_ARTIFACT"],
      ["string", '"%s"', true, undefined],
      ["integer", "%s", false, "SECRET_IN_ARTIFACT"],
      ["integer", "%s", true, "SECRET_IN_ARTIFACT"],
    ] as const;
    for (const [type, json, mayContainSecrets, reason] of cases) {
      const place = placeOf(t, `printf '{"v": ${json}}' "$TOKEN" > "$PACKRUN_OUTPUT"`, {
        outputs: { v: { type, mayContainSecrets } },
      });
      const ran = await place.start(["run", "secret", ...given, "--json"], digits).ended;
      t.equal(ran.code, reason === undefined ? 0 : 1, ran.err);
      t.match(answerOf(ran), reason === undefined ? { status: "succeeded" } : { status: "failed", reason });
      t.notMatch(ran.out + ran.err, digits.TOKEN);
      t.strictSame(filesWith(place.here(".packrun"), [digits.TOKEN]), []);
      if (reason === undefined) {
        const ended = place.ledger().find(({ eventType }) => eventType === "step.succeeded");
        t.match(ended, { metadata: { outputs: { v: { type: "string", value: "[redacted:token]" } } } });
        t.equal((await place.packrun("verify", "last")).code, 0);
      }
    }
  },
);

t.test("secrets that are missing, unknown or malformed are refused before anything is made", async (t) => {
  // Not the other tests' value: this one stands in a command line, where they look for theirs at the same time.
  const mistyped = "mistyped-kanarie-77d0c2";
  const place = placeOf(t, "true");
  const cases: readonly (readonly [string, number, readonly string[], Readonly<Record<string, string>>])[] = [
    ["SECRET_UNRESOLVED", 3, ["--secret", "token=env:TOKEN"], env],
    ["SECRET_UNRESOLVED", 3, given, {}],
    ["SECRET_UNRESOLVED", 3, ["--secret", "token=env:TOKEN", "--secret", "other=file:absent.txt"], env],
    ["SECRET_TOO_SHORT", 3, given, { TOKEN: "abc" }],
    ["SECRET_UNDECLARED", 3, [...given, "--secret", "third=env:TOKEN"], env],
    ["SECRET_REFERENCE", 2, ["--secret", `token=${mistyped}`], env],
    ["SECRET_REFERENCE", 2, ["--secret", mistyped], env],
  ];
  for (const [code, exitCode, args, environment] of cases) {
    for (const format of ["--json", "--format=text"]) {
      const ran = await place.start(["run", "secret", ...args, format], environment).ended;
      t.equal(ran.code, exitCode, `${code}: ${ran.err}`);
      t.match(format === "--json" ? faultOf(ran).code : ran.err, code);
      t.notMatch(ran.out + ran.err, mistyped, "what was given is never echoed");
    }
  }
  t.strictSame(place.runs(), []);
  t.notOk(existsSync(place.here(".packrun/trust/dev.key")), "no key was made either");
});

t.test("secrets are given again to a run that is resumed", async (t) => {
  const place = new Place(t);
  const { secrets, steps } = spec('echo "raw $TOKEN"');
  const gate = { id: "ok", gate: { approval: "go" } };
  const approvals = { go: { required: 1, from: ["approver"], ttl: "1h" } };
  place.pack("gated", { secrets, approvals, steps: [gate, ...steps] });
  place.write("other.txt", FILE_CANARY);
  t.equal((await place.start(["run", "gated", ...given, "--no-wait"], env).ended).code, 4);
  const key = await place.person("alice");
  t.equal((await place.packrun("approve", "last", "ok", "--key", key, "--reason", "fine")).code, 0);
  const head = place.ledger().length;
  for (const [code, args, environment] of [
    ["SECRET_UNRESOLVED", [], env],
    ["SECRET_UNRESOLVED", given.slice(0, 2), env],
    ["SECRET_UNRESOLVED", given, {}],
    ["SECRET_UNDECLARED", [...given, "--secret", "third=env:TOKEN"], env],
  ] as const) {
    const refused = await place.start(["resume", "last", ...args, "--json"], environment).ended;
    t.match({ code: refused.code, fault: faultOf(refused).code }, { code: 3, fault: code });
  }
  t.equal(place.ledger().length, head, "nothing was begun");
  const ended = await place.start(["resume", "last", ...given, "--json"], env).ended;
  t.equal(ended.code, 0, ended.err);
  t.strictSame(filesWith(place.here(".packrun"), [...FORMS, FILE_CANARY]), []);
});

t.test("what an earlier process resolved is taken out of what later steps print and keep", async (t) => {
  const place = new Place(t);
  const pack = {
    secrets: { token: {} },
    approvals: { go: { required: 1, from: ["approver"], ttl: "1h" } },
    steps: [
      {
        id: "keep",
        env: { TOKEN: { secret: "token" } },
        run: { script: 'printf %s "$TOKEN" | gzip > kept' },
        outputs: { kept: { file: "kept" } },
      },
      { id: "ok", gate: { approval: "go" } },
      {
        id: "show",
        inputs: { kept: "${{ steps.keep.outputs.kept }}" },
        run: { script: 'zcat < "$PACKRUN_IN/kept"; zcat < "$PACKRUN_IN/kept" > plain' },
        outputs: { plain: { file: "plain" } },
      },
    ],
  };
  place.pack("later", pack);
  const token = ["--secret", "token=env:TOKEN"];
  t.equal((await place.start(["run", "later", ...token, "--no-wait"], env).ended).code, 4);
  const key = await place.person("alice");
  t.equal((await place.packrun("approve", "last", "ok", "--key", key, "--reason", "fine")).code, 0);
  t.equal(faultOf(await place.packrun("resume", "last", "--json")).code, "SECRET_UNRESOLVED");
  const resumed = await place.start(["resume", "last", ...token, "--json"], env).ended;
  t.match(answerOf(resumed), { status: "failed", reason: "SECRET_IN_ARTIFACT" });
  t.match((await place.packrun("runs", "logs", "last", "--step", "show")).out, /\[redacted:token\]/);
  t.equal((await place.packrun("verify", "last")).code, 0);

  const ungated = pack.steps.filter(({ id }) => id !== "ok");
  place.pack("reused", { secrets: pack.secrets, steps: ungated });
  await place.start(["run", "reused", ...token], env).ended;
  const again = ["run", "reused", ...token, "--from", "last", "--only", "show", "--json"];
  t.match(answerOf(await place.start(again, env).ended), { status: "failed", reason: "SECRET_IN_ARTIFACT" });
  t.strictSame(filesWith(place.here(".packrun"), [CANARY]), []);
});

t.test(
  "lint refuses a secret in an argument, a script's text or standard input, and says where it belongs",
  async (t) => {
    const place = new Place(t);
    const wrong: Readonly<Record<string, readonly [object, RegExp]>> = {
      object: [{ run: { command: ["curl", { secret: "token" }] } }, /error\[PACK_TYPE\]/],
      argument: [
        { run: { command: ["curl", "${{ secrets.token }}"] } },
        /error\[EXPR_UNKNOWN\].*\n[^]*env: \{NAME: \{secret/,
      ],
      script: [{ run: { script: "curl ${{ secrets.token }}" } }, /error\[PACK_EXPR_IN_SCRIPT\]/],
      stdin: [{ run: { command: ["cat"] }, stdin: "${{ secrets.token }}" }, /error\[EXPR_UNKNOWN\]/],
    };
    for (const [name, [step]] of Object.entries(wrong)) {
      place.pack(name, { secrets: { token: {} }, steps: [{ id: "use", ...step }] });
    }
    const linted = await place.packrun("lint", ...Object.keys(wrong));
    t.equal(linted.code, 3);
    for (const [name, [, words]] of Object.entries(wrong)) {
      const findings = linted.err.split(/(?=error\[)/).filter((finding) => finding.includes(`${name}/pack.yaml`));
      t.match(findings.join(""), words, name);
    }
  },
);

t.test(
  "a run whose plan holds the value of a secret is refused, and a name alone takes the configured place",
  async (t) => {
    const place = new Place(t);
    place.pack("plain", {
      inputs: { text: { type: "string", default: "nothing" } },
      secrets: { token: {} },
      steps: [
        { id: "use", env: { TOKEN: { secret: "token" }, TEXT: "${{ inputs.text }}" }, run: { command: ["true"] } },
      ],
    });
    place.write("packrun.config.yaml", "secrets: {tenants: {default: {token: 'env:TOKEN'}}}\n");
    const args = ["run", "plain", "--json", "--secret", "token"];
    // A value of its own, as above.
    const known = "known-to-the-plan-5c1d9e";
    const refused = await place.start([...args, "-i", `text=say ${known}`], { ...env, TOKEN: known }).ended;
    t.equal(faultOf(refused).code, "SECRET_IN_PLAN", refused.err);
    t.notOk(`${refused.out}${refused.err}`.includes(known));
    t.strictSame(place.runs(), []);
    const ran = await place.start(args, env).ended;
    t.equal(ran.code, 0, ran.err);
    const other = await place.start([...args, "--tenant", "other"], env).ended;
    t.equal(faultOf(other).code, "SECRET_NOT_CONFIGURED");
  },
);
