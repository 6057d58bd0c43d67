import { readdirSync } from "node:fs";
import { createHash } from "node:crypto";
import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOfHex, type Digest } from "#canon/digest.ts";
import type { OutputRule } from "#plan/plan.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import { MIB, openRig, reasonOf, tenant, type Ran } from "../sandbox-rig.ts";

const rig = openRig(t);
const asRoot = process.getuid?.() === 0;

function run(script: string, outputs: Readonly<Record<string, OutputRule>>, artifactBytes = 16 * MIB): Promise<Ran> {
  return rig.run({ script, outputs, limits: { artifactBytes } });
}

const sha256 = (content: string | Uint8Array): Digest =>
  digestOfHex(createHash("sha256").update(content).digest("hex"));

async function stored(digest: Digest): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of rig.artifacts.open(tenant, digest)) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

t.test("a declared file is stored under its digest, with its media type", async (t) => {
  const { outcome } = await run("mkdir -p a/b; printf hello >a/b/x.txt; : >empty", {
    text: { file: "a/b/x.txt", mediaType: "text/plain" },
    nothing: { file: "./empty" },
  });
  const digest = sha256("hello");
  t.match(outcome, {
    kind: "succeeded",
    outputs: {
      text: { type: "file", digest, size: 5, mediaType: "text/plain" },
      nothing: { type: "file", digest: sha256(""), size: 0 },
    },
    artifacts: [
      { name: "nothing", status: "captured", digest: sha256(""), size: 0 },
      { name: "text", status: "captured", digest, size: 5, mediaType: "text/plain" },
    ],
  });
  t.equal(await stored(digest), "hello");
});

t.test("a declared folder is stored as its listing and its files", async (t) => {
  const { outcome } = await run(
    "mkdir -p out/sub out/none; printf a >out/b.txt; printf bb >out/sub/run.sh; chmod 4755 out/sub/run.sh; ln -s ../b.txt out/sub/link; printf z >out/Z",
    { tree: { dir: "out" } },
  );
  const listing = [
    { path: "Z", mode: "644", size: 1, sha256: sha256("z").slice(7) },
    { path: "b.txt", mode: "644", size: 1, sha256: sha256("a").slice(7) },
    { path: "sub/link", mode: "link", target: "../b.txt" },
    { path: "sub/run.sh", mode: "755", size: 2, sha256: sha256("bb").slice(7) },
  ];
  const digest = sha256(canonicalBytes(listing));
  t.match(outcome, {
    kind: "succeeded",
    outputs: { tree: { type: "directory", digest } },
    artifacts: [{ name: "tree", status: "captured", digest, size: 4 }],
  });
  t.strictSame(JSON.parse(await stored(digest)), listing);
  t.equal(await stored(sha256("bb")), "bb");
});

t.test("the working folder itself may be the output", async (t) => {
  t.equal(reasonOf((await run("echo x >x", { all: { dir: "." } })).outcome), "succeeded");
});

t.test("typed values are read from $PACKRUN_OUTPUT", async (t) => {
  const { outcome } = await run(
    `printf '%s' '{"count": 3, "ratio": 0.5, "name": "x", "ok": true, "list": [1], "map": {"a": null}, "more": 1}' >"$PACKRUN_OUTPUT"`,
    {
      count: { type: "integer", schema: { minimum: 1 } },
      ratio: { type: "number" },
      name: { type: "string" },
      ok: { type: "boolean" },
      list: { type: "array", schema: { items: { type: "integer" } } },
      map: { type: "object" },
    },
  );
  t.match(outcome, {
    kind: "succeeded",
    artifacts: [],
    outputs: {
      count: { type: "integer", value: 3 },
      ratio: { type: "number", value: 0.5 },
      name: { type: "string", value: "x" },
      ok: { type: "boolean", value: true },
      list: { type: "array", value: [1] },
      map: { type: "object", value: { a: null } },
    },
  });
});

type Refusal = {
  readonly what: string;
  readonly script: string;
  readonly rule: OutputRule;
  readonly reason: string;
  readonly artifactBytes?: number;
};
const file: OutputRule = { file: "x" };
const dir: OutputRule = { dir: "d" };
const integer: OutputRule = { type: "integer" };
const say = (text: string): string => `printf '%s' '${text}' >"$PACKRUN_OUTPUT"`;

const refusals: readonly Refusal[] = [
  { what: "a file that is not there", script: "true", rule: file, reason: "STEP_OUTPUT_MISSING" },
  { what: "a folder that is not there", script: "true", rule: dir, reason: "STEP_OUTPUT_MISSING" },
  { what: "a file below a file", script: "echo >x", rule: { file: "x/y" }, reason: "STEP_OUTPUT_MISSING" },
  { what: "a folder in place of a file", script: "mkdir x", rule: file, reason: "STEP_OUTPUT_TYPE" },
  { what: "a file in place of a folder", script: "echo >d", rule: dir, reason: "STEP_OUTPUT_TYPE" },
  { what: "a link out of the folder", script: "ln -s /etc/passwd x", rule: file, reason: "STEP_OUTPUT_UNSAFE" },
  { what: "a link inside the folder", script: "echo >y; ln -s y x", rule: file, reason: "STEP_OUTPUT_UNSAFE" },
  {
    what: "a link to the host's files on the way",
    script: "ln -s /etc d",
    rule: { file: "d/hostname" },
    reason: "STEP_OUTPUT_UNSAFE",
  },
  { what: "a folder that is a link", script: "ln -s /etc d", rule: dir, reason: "STEP_OUTPUT_UNSAFE" },
  { what: "a hard link", script: "echo >y; ln y x", rule: file, reason: "STEP_OUTPUT_UNSAFE" },
  { what: "a FIFO", script: "mkfifo x", rule: file, reason: "STEP_OUTPUT_UNSAFE" },
  {
    what: "a socket",
    script: "perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => \"x\", Listen => 1)'",
    rule: file,
    reason: "STEP_OUTPUT_UNSAFE",
  },
  {
    what: "a path that leaves the folder",
    script: "true",
    rule: { file: "../output.json" },
    reason: "STEP_OUTPUT_UNSAFE",
  },
  { what: "an absolute path", script: "true", rule: { file: "/etc/passwd" }, reason: "STEP_OUTPUT_UNSAFE" },
  {
    what: "a file that is too large",
    script: "head -c 2M /dev/zero >x",
    rule: file,
    reason: "STEP_OUTPUT_TOO_LARGE",
    artifactBytes: MIB,
  },
  { what: "a sparse file that is too large", script: "truncate -s 7G x", rule: file, reason: "STEP_OUTPUT_TOO_LARGE" },
  {
    what: "a folder that is too large together",
    script: "mkdir d; for i in 1 2 3; do head -c 500k /dev/zero >d/$i; done",
    rule: dir,
    reason: "STEP_OUTPUT_TOO_LARGE",
    artifactBytes: MIB,
  },
  {
    what: "a folder that is too deep",
    script: "p=d; for i in $(seq 80); do p=$p/d; done; mkdir -p $p",
    rule: dir,
    reason: "STEP_OUTPUT_TOO_LARGE",
  },
  { what: "a FIFO in a folder", script: "mkdir d; mkfifo d/f", rule: dir, reason: "STEP_OUTPUT_UNSAFE" },
  { what: "a hard link in a folder", script: "mkdir d; echo >y; ln y d/y", rule: dir, reason: "STEP_OUTPUT_UNSAFE" },
  { what: "an absolute link in a folder", script: "mkdir d; ln -s /etc d/e", rule: dir, reason: "STEP_OUTPUT_UNSAFE" },
  {
    what: "a link that climbs out of a folder",
    script: "mkdir d; ln -s ../y d/e",
    rule: dir,
    reason: "STEP_OUTPUT_UNSAFE",
  },
  {
    what: "a link that climbs behind another link",
    script: "mkdir -p d/a/b; ln -s a/b d/s; ln -s s/../../../y d/e",
    rule: dir,
    reason: "STEP_OUTPUT_UNSAFE",
  },
  { what: "a name with a newline", script: 'mkdir d; : >"d/a\nb"', rule: dir, reason: "STEP_OUTPUT_UNSAFE" },
  {
    what: "a name with an escape",
    script: "mkdir d; : >\"d/$(printf '\\033[2J')\"",
    rule: dir,
    reason: "STEP_OUTPUT_UNSAFE",
  },
  {
    what: "a name that turns text around",
    script: "mkdir d; : >\"d/$(printf '\\342\\200\\256gnp')\"",
    rule: dir,
    reason: "STEP_OUTPUT_UNSAFE",
  },
  {
    what: "a name that is not UTF-8",
    script: "mkdir d; : >\"d/$(printf '\\377')\"",
    rule: dir,
    reason: "STEP_OUTPUT_UNSAFE",
  },
  { what: "twins in case", script: "mkdir d; : >d/a; : >d/A", rule: dir, reason: "STEP_OUTPUT_UNSAFE" },
  {
    what: "twins in case of a letter with two small forms",
    script: "mkdir d; : >d/set; : >\"d/$(printf '\\305\\277et')\"",
    rule: dir,
    reason: "STEP_OUTPUT_UNSAFE",
  },
  {
    what: "twins in normal form",
    script: "mkdir d; : >\"d/$(printf '\\303\\251')\"; : >\"d/$(printf 'e\\314\\201')\"",
    rule: dir,
    reason: "STEP_OUTPUT_UNSAFE",
  },
  { what: "no typed outputs at all", script: "true", rule: integer, reason: "STEP_OUTPUT_MISSING" },
  { what: "a typed output without its member", script: say('{"y": 1}'), rule: integer, reason: "STEP_OUTPUT_MISSING" },
  { what: "typed outputs that are no JSON", script: say("x: 1"), rule: integer, reason: "STEP_OUTPUT_TYPE" },
  { what: "typed outputs that are no object", script: say("[1]"), rule: integer, reason: "STEP_OUTPUT_TYPE" },
  { what: "a string for an integer", script: say('{"x": "1"}'), rule: integer, reason: "STEP_OUTPUT_TYPE" },
  { what: "an unsafe integer", script: say('{"x": 9007199254740993}'), rule: integer, reason: "STEP_OUTPUT_TYPE" },
  { what: "a number without end", script: say('{"x": 1e999}'), rule: { type: "number" }, reason: "STEP_OUTPUT_TYPE" },
  { what: "a lone surrogate", script: say('{"x": "\\ud800"}'), rule: { type: "string" }, reason: "STEP_OUTPUT_TYPE" },
  {
    what: "what the schema refuses",
    script: say('{"x": 0}'),
    rule: { type: "integer", schema: { minimum: 1 } },
    reason: "STEP_OUTPUT_TYPE",
  },
  {
    what: "a schema that is none",
    script: say('{"x": 0}'),
    rule: { type: "integer", schema: { type: "banana" } },
    reason: "STEP_OUTPUT_TYPE",
  },
  {
    what: "values nested too deep",
    script: 'perl -e \'print qq({"x": ), "[" x 5000, "]" x 5000, "}"\' >"$PACKRUN_OUTPUT"',
    rule: { type: "array" },
    reason: "STEP_OUTPUT_TYPE",
  },
  {
    what: "typed outputs that are too large",
    script: 'head -c 2M /dev/zero >"$PACKRUN_OUTPUT"',
    rule: integer,
    reason: "STEP_OUTPUT_TOO_LARGE",
  },
];

for (const { what, script, rule, reason, artifactBytes } of refusals) {
  t.test(`${what} is refused`, async (t) => {
    const { outcome } = await run(script, { x: rule }, artifactBytes);
    const status = reason === "STEP_OUTPUT_MISSING" ? "missing" : "refused";
    t.match(outcome, { kind: "failed", reason, exitCode: 0 });
    t.strictSame(outcome.artifacts, "type" in rule ? [] : [{ name: "x", status, notes: reason }]);
    t.notMatch(outcome.kind === "failed" ? outcome.hint : "", /\p{Cc}|\u202e/u);
  });
}

t.test("a device is refused", { skip: asRoot ? false : "only root can make one" }, async (t) => {
  const prepared = await rig.prepare({ script: "echo go; sleep 0.3", outputs: { x: file } });
  const { execFileSync } = await import("node:child_process");
  const outcome = await prepared.start(() => {
    const work = readdirSync(rig.scratch, { recursive: true })
      .map(String)
      .find((name) => name.endsWith("/work"));
    execFileSync("mknod", [`${rig.scratch}/${work ?? ""}/x`, "c", "1", "5"]);
    return Promise.resolve();
  });
  t.match(outcome, { reason: "STEP_OUTPUT_UNSAFE", hint: /a device/ });
});

t.test("all outputs are looked at, and the first in order of names gives the reason", async (t) => {
  const { outcome } = await run("echo fine >c; ln -s x b", { c: { file: "c" }, b: { file: "b" }, a: { file: "a" } });
  t.match(outcome, {
    reason: "STEP_OUTPUT_MISSING",
    artifacts: [
      { name: "a", status: "missing" },
      { name: "b", status: "refused", notes: "STEP_OUTPUT_UNSAFE" },
      { name: "c", status: "captured" },
    ],
  });
});

t.test("files and folders whose rights were taken away are read all the same, and removed", async (t) => {
  const { outcome } = await run("mkdir -p d/e; echo x >d/e/f; chmod 000 d/e/f d/e d; echo y >x; chmod 000 x", {
    d: dir,
    x: file,
  });
  t.equal(outcome.kind, "succeeded", JSON.stringify(outcome));
});

t.test("a path longer than a system call takes neither hangs nor stays", async (t) => {
  const script = 'perl -e \'for (1 .. 40) { mkdir "d" x 200; chdir "d" x 200 }\'';
  const deep = openRig(t);
  const { outcome } = await deep.run({ script, outputs: { all: { dir: "." } } });
  t.ok(["succeeded", "STEP_OUTPUT_TOO_LARGE"].includes(reasonOf(outcome)), reasonOf(outcome));
  await deep.runner.close();
  t.strictSame(
    readdirSync(deep.scratch, { recursive: true }).filter((name) => String(name).includes("attempt-")),
    [],
  );
});

t.test("a secret in an output fails the step, and neither its bytes nor its digest stay", async (t) => {
  const secret = "open sesame, said he";
  rig.redactor.add("magic", secret);
  const ask = { secretEnv: { MAGIC: secret } };
  const before = everything();
  const scripts: Readonly<Record<string, readonly [script: string, rule: OutputRule]>> = {
    plain: ['printf "%s" "$MAGIC" >x', file],
    "behind much else": ['head -c 700k /dev/urandom >x; printf "%s" "$MAGIC" >>x', file],
    "across a chunk's border": ['head -c 262140 /dev/zero >x; printf "%s" "$MAGIC" >>x', file],
    base64: ['printf "%s" "$MAGIC" | base64 >x', file],
    "in a folder": ['mkdir d; echo innocent >d/a; printf "%s" "$MAGIC" >d/b', dir],
    "in a name": ['mkdir d; : >"d/$MAGIC"', dir],
    "in a link": ['mkdir d; ln -s "$MAGIC" d/l', dir],
    typed: ['printf "{\\"x\\": \\"%s\\"}" "$MAGIC" >"$PACKRUN_OUTPUT"', { type: "string" }],
  };
  for (const [where, [script, rule]] of Object.entries(scripts)) {
    const { outcome } = await rig.run({ ...ask, script, outputs: { x: rule } });
    t.match(outcome, { kind: "failed", reason: "SECRET_IN_ARTIFACT", hint: /magic/ }, where);
    t.notMatch(JSON.stringify(outcome), secret, where);
    t.notMatch(JSON.stringify(outcome.artifacts), /sha256/, where);
  }
  t.strictSame(everything(), before, "the store holds nothing new");
});

t.test("an output that may contain secrets is taken when it says so", async (t) => {
  const secret = "shared on purpose";
  rig.redactor.add("shared", secret);
  const { outcome } = await rig.run({
    script: 'printf "%s" "$S" >x',
    secretEnv: { S: secret },
    outputs: { x: { file: "x", mayContainSecrets: true } },
  });
  t.match(outcome, { kind: "succeeded", outputs: { x: { digest: sha256(secret) } } });
});

t.test("of a typed output that may hold secrets texts are taken, to be redacted, and numbers refused", async (t) => {
  const secret = "86753091";
  rig.redactor.add("pin", secret);
  const give = async (json: string, type: "integer" | "string" | "object"): Promise<AttemptOutcome> =>
    (
      await rig.run({
        script: `printf '{"x": ${json}}' "$S" >"$PACKRUN_OUTPUT"`,
        secretEnv: { S: secret },
        outputs: { x: { type, mayContainSecrets: true } },
      })
    ).outcome;
  t.match(await give('"%s"', "string"), { kind: "succeeded" });
  t.match(await give('{"%s": [1, "%s"]}', "object"), { kind: "succeeded" });
  for (const outcome of [await give("%s", "integer"), await give('{"a": [{"b": 1%s}]}', "object")]) {
    t.match(outcome, { kind: "failed", reason: "SECRET_IN_ARTIFACT", hint: /pin/ });
    t.notMatch(JSON.stringify(outcome), secret);
  }
});

t.test("a step that failed gives no outputs", async (t) => {
  const { outcome } = await run("echo x >x; exit 1", { x: file });
  t.match(outcome, { kind: "failed", reason: "STEP_EXIT", artifacts: [] });
});

function everything(): readonly string[] {
  return readdirSync(rig.artifactsPath, { recursive: true }).map(String).toSorted();
}
