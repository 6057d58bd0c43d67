import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { checkSecrets } from "#app/check-secrets.ts";
import { lintPack, lockInputs, planPack, type PlannedPack } from "#app/plan-pack.ts";
import { readPackInputs } from "#app/pack-inputs.ts";
import type { PlanRefusal } from "#app/plan-refusal.ts";
import { runPlanned } from "#app/run-planned.ts";
import type { Workplace } from "#app/workplace.ts";
import { inspectModule } from "#compose.ts";
import { hexOf } from "#canon/digest.ts";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";
import { folderReader } from "#folder/folder-reader.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const ports = { folders: folderReader(), sha256, inspectModule };

const INPUTS = `
    channel: {type: string, default: beta, schema: {enum: [beta, stable]}}
    count: {type: integer, default: 3}
    text: {type: string, default: ""}
    data: {type: object, default: {}}
    archive: {type: file}
    tree: {type: directory}
    preset: {type: file, default: data/preset.txt}`;

/** Steps that ask for no input. */
const PLAIN = "[{id: a, run: {command: [echo]}}]";

type World = { readonly root: string; readonly write: (path: string, text: string) => string };

function world(t: Test, steps = '[{id: a, run: {command: [echo, "${{ inputs.channel }}"]}}]', inputs = INPUTS): World {
  const root = mkdtempSync(join(tmpdir(), "packrun-plan-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string): string => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
    return join(root, path);
  };
  write(
    "pack/pack.yaml",
    `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/sample, version: 1.0.0}
spec:
  inputs:${inputs}
  secrets: {token: {}}
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  steps: ${steps}
`,
  );
  write("pack/data/preset.txt", "preset");
  return { root, write };
}

type Options = { readonly inputs?: readonly string[]; readonly inputsFile?: string; readonly pack?: string };

const plan = ({ root }: World, { inputs = [], pack = "pack", ...rest }: Options = {}) =>
  planPack({ pack, inputs, cwd: root, ...rest }, ports);

function planned(result: Result<PlannedPack, PlanRefusal>): PlannedPack {
  if (!result.ok) {
    throw new Error(JSON.stringify(result.fault));
  }
  return result.value;
}

function codesOf(result: Result<PlannedPack, PlanRefusal>): readonly string[] {
  if (result.ok) {
    return [];
  }
  return result.fault.kind === "fault" ? [result.fault.fault.code] : result.fault.diagnostics.map(({ code }) => code);
}

t.test("a pack is found by its folder and by its pack.yaml, and nowhere else", async (t) => {
  const place = world(t);
  const byFolder = planned(await plan(place));
  t.equal(byFolder.packFolder, join(place.root, "pack"));
  t.equal(byFolder.compiled.plan.pack.name, "acme/sample");
  for (const pack of ["pack/", "./pack", "pack/pack.yaml", join(place.root, "pack")]) {
    t.equal(planned(await plan(place, { pack })).compiled.planHash, byFolder.compiled.planHash, pack);
  }
  t.strictSame(codesOf(await plan(place, { pack: "gone" })), ["PACK_FILE_MISSING"]);
  t.strictSame(codesOf(await plan(place, { pack: "pack/data/preset.txt" })), ["PACK_FILE_MISSING"]);
  t.strictSame(codesOf(await plan(place, { pack: "pack/data" })), ["PACK_FILE_MISSING"]);
  symlinkSync("data", join(place.root, "pack/link"));
  t.strictSame(codesOf(await plan(place)), ["PACK_FILE_UNSAFE"]);
});

t.test("inputs come from arguments, from files that arguments name, and from an inputs file", async (t) => {
  const place = world(t);
  place.write("text.txt", "two\nlines\n");
  place.write("in.yaml", "count: 9\ntext: from the file\n");
  const inputs = ["channel=stable", "text=@text.txt", 'data={"a": 1}'];
  const { compiled, sources } = planned(await plan(place, { inputs, inputsFile: "in.yaml" }));
  t.match(compiled.plan.inputs, {
    channel: { value: "stable" },
    count: { value: 9 },
    text: { value: "two\nlines" },
    data: { value: { a: 1 } },
  });
  t.match(sources, { channel: "cli", count: "file", text: "file", data: "cli", preset: "default" });
  const literal = planned(await plan(place, { inputs: ["text=@@home=x"] }));
  t.match(literal.compiled.plan.inputs["text"], { value: "@home=x" });
  place.write("in.json", '{"channel": "stable", "archive": "./a.tar"}');
  place.write("a.tar", "bytes");
  const fromJson = planned(await plan(place, { inputsFile: "in.json" }));
  t.match(fromJson.compiled.plan.inputs, { channel: { value: "stable" }, archive: { name: "a.tar", size: 5 } });
});

t.test("the order of arguments changes nothing", async (t) => {
  const place = world(t);
  const inputs = ["channel=stable", "count=1", "text=x"];
  const hash = planned(await plan(place, { inputs })).compiled.planHash;
  t.equal(planned(await plan(place, { inputs: inputs.toReversed() })).compiled.planHash, hash);
});

t.test("files and directories are digested where they lie, and named by their last part", async (t) => {
  const place = world(t);
  place.write("in/a.tar", "abc");
  place.write("in/tree/x/y.txt", "y");
  const { compiled, inputFiles } = planned(await plan(place, { inputs: ["archive=in/a.tar", "tree=in/tree/"] }));
  const digest = createHash("sha256").update("abc").digest("hex");
  const { archive, tree, preset } = compiled.plan.inputs;
  t.strictSame(archive, { type: "file", name: "a.tar", size: 3, digest: `sha256:${digest}` });
  t.match(tree, { type: "directory", name: "tree" });
  t.match(preset, { type: "file", name: "preset.txt", size: 6 }, "a default is a file of the pack");
  t.match(inputFiles, [
    { kind: "file", name: "archive", path: join(place.root, "in/a.tar"), sha256: digest },
    { kind: "directory", name: "tree", path: join(place.root, "in/tree"), listing: [{ path: "x/y.txt" }] },
    { kind: "file", name: "preset", path: join(place.root, "pack/data/preset.txt") },
  ]);
  t.equal(planned(await plan(place, { inputs: ["archive=@in/a.tar"] })).inputFiles[0]?.name, "archive");
});

t.test("what cannot be taken of a directory is named, but not the path that was given", async (t) => {
  const place = world(t, PLAIN, "\n    tree: {type: directory, required: true}");
  place.write("in/tree/deep/a.txt", "a");
  symlinkSync("/etc", join(place.root, "in/tree/deep/out"));
  symlinkSync("/usr", join(place.root, "in/tree/other"));
  const problems = async (path: string): Promise<readonly string[]> => {
    const made = await plan(place, { inputs: [`tree=${path}`] });
    const found = made.ok || made.fault.kind === "fault" ? [] : made.fault.diagnostics;
    return found.map(({ message, hint }) => `${message} | ${hint}`);
  };
  t.match(await problems("in/tree"), [
    /^the directory for input "tree" cannot be used: "deep\/out" in it: .* \| also refused: "other": /,
  ]);
  t.match(await problems("in/gone"), [/^the directory for input "tree" cannot be used: there is no such folder/]);
  t.notMatch(await problems("in/gone"), [/gone/]);
});

t.test("a default cannot reach out of the pack", async (t) => {
  const outside = world(t, PLAIN, "\n    secret: {type: file, default: ../outside.txt}");
  outside.write("outside.txt", "x");
  t.strictSame(codesOf(await plan(outside)), ["INPUT_FILE"]);
  const absolute = world(t, PLAIN, "\n    secret: {type: file, default: /etc/hostname}");
  t.strictSame(codesOf(await plan(absolute)), ["INPUT_FILE"]);
});

t.test("what is wrong with the inputs is said together, and never repeated", async (t) => {
  const place = world(t);
  const secret = "hunter2";
  const result = await plan(place, { inputs: [`archive=${secret}`, `count=${secret}`, `channel=${secret}`] });
  t.strictSame(codesOf(result), ["INPUT_FILE", "INPUT_SCHEMA", "INPUT_TYPE"]);
  t.notOk(JSON.stringify(result).includes(secret));
  for (const inputs of [[secret], [`${secret} x=1`], [`=${secret}`]]) {
    const refused = await plan(place, { inputs });
    t.strictSame(codesOf(refused), ["INPUT_ARGUMENT"]);
    t.notOk(JSON.stringify(refused).includes(secret));
  }
  const missing = await plan(place, { inputs: [`text=@${secret}`] });
  t.strictSame(codesOf(missing), ["INPUT_VALUE_FILE"]);
  t.notOk(JSON.stringify(missing).includes(secret));
  writeFileSync(join(place.root, "binary"), Buffer.from([0xff, 0xfe]));
  t.strictSame(codesOf(await plan(place, { inputs: ["text=@binary"] })), ["INPUT_VALUE_FILE"]);
  const endless = await plan(place, { inputs: ["text=@/dev/zero"] });
  t.strictSame(codesOf(endless), ["INPUT_VALUE_FILE"]);
  t.match(JSON.stringify(endless), /cannot be read: it is too large/);
  t.strictSame(codesOf(await plan(place, { inputsFile: "/dev/zero" })), ["INPUTS_FILE"]);
  t.strictSame(codesOf(await plan(place, { inputsFile: "gone.yaml" })), ["INPUTS_FILE"]);
  t.match(JSON.stringify(await plan(place, { inputsFile: "gone.yaml" })), /it is not there.*check the path/);
  place.write("list.yaml", "[1]");
  t.strictSame(codesOf(await plan(place, { inputsFile: "list.yaml" })), ["INPUTS_FILE"]);
  place.write("twice.yaml", `text: ${secret}\ntext: ${secret}\n`);
  const twice = await plan(place, { inputsFile: "twice.yaml" });
  t.strictSame(codesOf(twice), ["YAML_DUPLICATE_KEY"]);
  place.write("unknown.yaml", "\nchanel: beta\n");
  t.match(await plan(place, { inputsFile: "unknown.yaml" }), {
    ok: false,
    fault: { diagnostics: [{ code: "INPUT_UNKNOWN", file: "unknown.yaml", range: { start: { line: 2 } } }] },
  });
});

t.test("what is wrong with the pack, its expressions and its inputs is said together, sorted by place", async (t) => {
  const inputs = `
    level: {type: strin}
    count: {type: integer, required: true}
    text: {type: string, schema: {type: text}}
    late: {type: integer, required: true}
    divisor: {type: integer, default: 0}`;
  const steps = `
    - {id: a, rnu: {command: [x]}, env: {A: "\${{ inputs.nope }}", B: "\${{ steps.b.status }}"}}
    - {id: b, run: {command: [x, "\${{ inputs.level.x }}", "\${{ 6 / inputs.divisor }}", "\${{ 6 / inputs.count }}"]}}`;
  const place = world(t, steps, inputs);
  const linesOf = (found: readonly { readonly file: string; readonly code: string; readonly range?: unknown }[]) =>
    found.map(({ file, code, range }) => `${file}:${(range as { start: { line: number } })?.start.line ?? ""} ${code}`);
  const ofPack = [
    "pack/pack.yaml:6 PACK_VALUE",
    "pack/pack.yaml:8 INPUT_SCHEMA_INVALID",
    "pack/pack.yaml:14 PACK_UNKNOWN_FIELD",
    "pack/pack.yaml:14 EXPR_UNKNOWN",
    "pack/pack.yaml:14 EXPR_ORDER",
    "pack/pack.yaml:15 EXPR_NUMBER",
  ];
  const linted = await lintPack("pack", { ...ports, cwd: place.root });
  t.strictSame(linted.ok && linesOf(linted.value.diagnostics), ofPack);
  const declared = await readPackInputs(join(place.root, "pack"), ports);
  const asked = declared.ok || declared.fault.kind === "fault" ? [] : declared.fault.diagnostics;
  t.strictSame(
    asked.map(({ code }) => code),
    ofPack.map((line) => line.split(" ")[1]),
    "whoever asks for the inputs is told the same",
  );
  const found = async (options: Options): Promise<readonly string[]> => {
    const refused = await plan(place, options);
    return !refused.ok && refused.fault.kind === "findings" ? linesOf(refused.fault.diagnostics) : codesOf(refused);
  };
  const missing = "pack/pack.yaml:9 INPUT_MISSING";
  const withMissing = [...ofPack.slice(0, 2), missing, ...ofPack.slice(2)];
  // Where any input may have been meant, no default is certain: none is divided by.
  const ofAny = ofPack.slice(0, -1);
  t.strictSame(await found({ inputs: ["count=often", "level=5", "other=1"] }), [
    "command line: INPUT_TYPE",
    "command line: INPUT_UNKNOWN",
    ...withMissing.slice(0, -1),
  ]);
  t.strictSame(
    await found({ inputs: ["count=@gone.txt", "level=@gone.txt", "text"] }),
    ["command line: INPUT_ARGUMENT", "command line: INPUT_VALUE_FILE", ...ofAny],
    "what could not be read may have been for every input: none is missing",
  );
  t.strictSame(await found({ inputs: ["count=@gone.txt"] }), ["command line: INPUT_VALUE_FILE", ...withMissing]);
  place.write("in.yaml", "count: 1\ncount: 2\n");
  t.strictSame(await found({ inputsFile: "in.yaml" }), ["in.yaml:2 YAML_DUPLICATE_KEY", ...ofAny]);
});

t.test("what was given wrongly is evaluated by no expression", async (t) => {
  const inputs = `
    mode: {type: string, default: plain, schema: {enum: [plain, full]}}
    size: {type: integer, default: 0}
    free: {type: integer}`;
  const steps = `
    - {id: a, run: {command: [x, "\${{ {'plain': 1, 'full': 2}[inputs.mode] }}", "\${{ 6 / inputs.size }}"]}}
    - {id: b, run: {command: [x, "\${{ inputs.free + 1 }}"]}}`;
  const place = world(t, steps, inputs);
  t.strictSame(codesOf(await plan(place, { inputs: ["mode=odd", "size=2"] })), ["INPUT_SCHEMA", "EXPR_ABSENT"]);
  t.strictSame(codesOf(await plan(place, { inputs: ["size=many"] })), ["INPUT_TYPE", "EXPR_ABSENT"]);
  t.strictSame(
    codesOf(await plan(place, { inputs: ["sise=2", "free=1"] })),
    ["INPUT_UNKNOWN"],
    "it was meant for size",
  );
  t.strictSame(codesOf(await plan(place, { inputs: ["free=1"] })), ["EXPR_NUMBER"]);
});

t.test("findings of the pack and of its expressions come with the text to show", async (t) => {
  const broken = world(t, "[{id: a, rnu: {command: [x]}}]");
  t.match(await plan(broken), { ok: false, fault: { kind: "findings", file: "pack/pack.yaml", text: /rnu/ } });
  const expression = world(t, '[{id: a, run: {command: [x, "${{ inputs.chanel }}"]}}]');
  t.match(await plan(expression), {
    ok: false,
    fault: { diagnostics: [{ code: "EXPR_UNKNOWN", file: "pack/pack.yaml" }] },
  });
});

t.test("schemas may stand in files of the pack", async (t) => {
  const place = world(t, '[{id: a, run: {command: ["true"]}}]', "\n    x: {type: string, schema: schemas/x.json}");
  place.write("pack/schemas/x.json", '{"maxLength": 2}');
  t.ok((await plan(place, { inputs: ["x=ab"] })).ok);
  t.strictSame(codesOf(await plan(place, { inputs: ["x=abc"] })), ["INPUT_SCHEMA"]);
  place.write("pack/schemas/x.json", "{");
  t.strictSame(codesOf(await plan(place, { inputs: ["x=ab"] })), ["INPUT_SCHEMA_INVALID"]);
});

t.test("the lock names the tenant, the plan and the providers of used secrets", async (t) => {
  const place = world(t, '[{id: a, env: {T: {secret: token}}, run: {command: ["true"]}}]');
  const made = planned(await plan(place, { inputs: ["channel=stable"] }));
  const references = new Map([["token", { provider: "env", locator: "TOKEN" }]]);
  const lock: unknown = JSON.parse(
    new TextDecoder().decode(lockInputs(made, parseTenantId("team") as TenantId, references, sha256)),
  );
  t.match(lock, {
    planHash: made.compiled.planHash,
    tenantId: "team",
    inputs: { channel: { source: "cli", value: "stable" }, count: { source: "default" } },
    secrets: { token: { provider: "env", redacted: true } },
  });
  t.notMatch(JSON.stringify(lock), /TOKEN/);
});

t.test("the plan hash is what sha256sum says of the plan file", async (t) => {
  const { compiled } = planned(await plan(world(t)));
  t.equal(createHash("sha256").update(compiled.bytes).digest("hex"), hexOf(compiled.planHash));
});

t.test("a pack that changes while it is read is refused", async (t) => {
  const place = world(t);
  const { folders } = ports;
  const changing = {
    ...folders,
    readPack: async (root: string) => {
      const reading = await folders.readPack(root);
      place.write("pack/pack.yaml", "other: bytes\n");
      return reading;
    },
  };
  const result = await planPack({ pack: "pack", inputs: [], cwd: place.root }, { ...ports, folders: changing });
  t.strictSame(codesOf(result), ["INPUT_CHANGED"]);
});

t.test("a plan other than the approved one is not run", async (t) => {
  const made = planned(await plan(world(t)));
  const order = { planHash: `sha256:${"0".repeat(64)}`, references: new Map(), maxParallel: 1, wait: false };
  const unused = new Proxy({}, { get: () => t.fail("nothing is touched") }) as Workplace;
  t.match(await runPlanned(made, order, unused), { ok: false, fault: { code: "PLAN_HASH_MISMATCH" } });
});

t.test("a secret that no step uses is not asked for", async (t) => {
  const made = planned(await plan(world(t)));
  t.strictSame(made.compiled.plan.secrets, { token: { steps: [] } });
  const provider = { resolve: () => Promise.reject(new Error("asked for a secret")) };
  t.match(await checkSecrets(made.compiled.plan, new Map(), provider), { ok: true });
});

t.test("linting needs no inputs", async (t) => {
  const required =
    "\n    x: {type: integer, required: true}\n    y: {type: string, default: q, schema: {maxLength: 0}}";
  const place = world(t, '[{id: a, run: {command: [x, "${{ 10 / inputs.x }}", "${{ inputs.x + 1.5 }}"]}}]', required);
  const linted = await lintPack("pack", { ...ports, cwd: place.root });
  t.ok(linted.ok);
  t.strictSame(linted.ok && linted.value.diagnostics.map(({ code }) => code), ["INPUT_SCHEMA", "EXPR_TYPE"]);
  t.match(await lintPack("gone", { ...ports, cwd: place.root }), { ok: false, fault: { code: "PACK_FILE_MISSING" } });
  const broken = world(t, "[{id: a, rnu: {command: [x]}}]");
  t.match(await lintPack("pack", { ...ports, cwd: broken.root }), {
    ok: true,
    value: { diagnostics: [{ code: "PACK_UNKNOWN_FIELD" }], file: "pack/pack.yaml" },
  });
});

t.test("a schema of an output that stands in the pack is looked into before anything runs", async (t) => {
  for (const [schema, problem] of [
    ["{maximum: abc}", /schema of output "n" cannot be used: schema is invalid/],
    ['{pattern: "("}', /schema of output "n" cannot be used: error parsing regexp/],
    ['{"$ref": "#/nope"}', /schema of output "n" cannot be used: can't resolve reference/],
    ["{minimum: 0}", undefined],
  ] as const) {
    const steps = `[{id: a, run: {script: 'true'}, outputs: {n: {type: integer, schema: ${schema}}}}]`;
    const made = world(t, steps, " {}");
    const linted = await lintPack("pack", { ...ports, cwd: made.root });
    const found = linted.ok ? linted.value.diagnostics : [];
    t.match(found, problem === undefined ? [] : [{ code: "PACK_VALUE", message: problem }], schema);
    t.equal(found.length, problem === undefined ? 0 : 1, schema);
    t.equal((await plan(made)).ok, problem === undefined, schema);
  }
});

t.test("a schema of an output that is a file is looked into, and pinned by its digest", async (t) => {
  const steps =
    "[{id: a, run: {script: 'true'}, outputs: {n: {type: integer, schema: ./s/n.json}}}, {id: b, run: {command: ['true']}}]";
  const made = world(t, steps, " {}");
  const problems = async (): Promise<readonly string[]> => {
    const linted = await lintPack("pack", { ...ports, cwd: made.root });
    return linted.ok ? linted.value.diagnostics.map(({ code, message }) => `${code}: ${message}`) : [linted.fault.code];
  };
  t.match(await problems(), [/^PACK_FILE_MISSING: /]);
  for (const [text, problem] of [
    ["{", /schema of output "n" cannot be used: its file could not be read as JSON/],
    ['{"type": "text"}', /schema of output "n" cannot be used: schema is invalid/],
    [JSON.stringify({ description: "x".repeat(1024 * 1024) }), /it is larger than 1048576 bytes/],
  ] as const) {
    made.write("pack/s/n.json", text);
    t.match(await problems(), [problem]);
    t.match(await plan(made), { ok: false });
  }
  const schema = '{"type": "integer"}';
  made.write("pack/s/n.json", schema);
  t.same(await problems(), []);
  const [first, second] = planned(await plan(made)).compiled.plan.steps;
  const digest = `sha256:${createHash("sha256").update(schema).digest("hex")}`;
  t.match(first, { files: [{ path: "s/n.json", digest }], outputs: { n: { schema: "s/n.json" } } });
  t.notOk(second !== undefined && "files" in second, "a step without such a schema is as before");
});
