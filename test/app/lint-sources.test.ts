import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import { lintPack, planPack } from "#app/plan-pack.ts";
import { inspectModule } from "#compose.ts";
import { folderReader } from "#folder/folder-reader.ts";
import type { InspectModule } from "#port/policy-engine.ts";
import { compiled } from "../policy/rego-module.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const root = mkdtempSync(join(tmpdir(), "packrun-lint-"));
t.teardown(() => rmSync(root, { recursive: true, force: true }));

type Files = Readonly<Record<string, string | Uint8Array>>;
const GOOD: Files = {
  "policies/p.wasm": compiled("decisions.wasm"),
  "templates/t.conf": "port ${{ values.port }}\n",
  "schemas/s.json": '{"type": "object"}',
};

const known = new Map<string, ReturnType<InspectModule>>();
/** Looks at each module once, in a thread of its own: most cases are about other files, and all about the same module. */
const inspectOnce: InspectModule = (module) => {
  const digest = Buffer.from(sha256(module)).toString("hex");
  const found = known.get(digest) ?? inspectModule(module);
  known.set(digest, found);
  return found;
};

/** Everything that is wrong with a pack of these files, as `CODE message`. */
async function lint(
  files: Files = {},
  {
    entrypoint = "packrun/allow",
    inspect = inspectOnce,
    inline = "{type: object}",
  }: { entrypoint?: string; inspect?: InspectModule; inline?: string } = {},
): Promise<readonly string[]> {
  const pack = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/looked-into, version: 1.0.0}
spec:
  inputs: {port: {type: integer}, file: {type: file}}
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  policies:
    p: {engine: rego, module: ./policies/p.wasm, entrypoint: ${entrypoint}}
    q: {engine: rego, module: policies/p.wasm, entrypoint: packrun/allow}
  steps:
    - {id: r, run: {uses: file.render, with: {template: ./templates/t.conf, values: {port: "\${{ inputs.port }}"}}}}
    - {id: again, run: {uses: file.render, with: {template: templates/t.conf, values: {port: 1}}}}
    - {id: given, run: {uses: file.render, with: {template: "\${{ inputs.file }}", values: {}}}}
    - {id: v, run: {uses: schema.validate, with: {document: "\${{ steps.r.outputs.file }}", schema: ./schemas/s.json}}}
    - {id: inline, run: {uses: schema.validate, with: {document: "\${{ steps.r.outputs.file }}", schema: ${inline}}}}
    - {id: g, gate: {policy: p}}
`;
  for (const [path, text] of Object.entries({ ...GOOD, ...files, "pack.yaml": pack })) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const ports = { folders: folderReader(), sha256, inspectModule: inspect };
  const linted = await lintPack(".", { ...ports, cwd: root });
  const found = linted.ok ? linted.value.diagnostics : [];
  const planned = await planPack({ pack: ".", inputs: ["port=1", "file=pack.yaml"], cwd: root }, ports);
  const refused = planned.ok ? [] : planned.fault.kind === "findings" ? planned.fault.diagnostics : [];
  t.strictSame(
    refused.map(({ code }) => code),
    found.map(({ code }) => code),
    "planning finds the same",
  );
  return found.map(({ code, message }) => `${code} ${message}`);
}

t.test("a pack whose modules, templates and schemas can work has no findings", async (t) => {
  t.strictSame(await lint(), []);
});

t.test("each module is looked at once", async (t) => {
  let looked = 0;
  const inspect: InspectModule = (module) => {
    looked += 1;
    return inspectModule(module);
  };
  await lint({}, { inspect });
  t.equal(looked, 2, "once for linting, once for planning");
});

t.test("modules that cannot work are refused", async (t) => {
  t.match(await lint({}, { entrypoint: "packrun/alow" }), [/^POLICY_ENTRYPOINT policies\/p\.wasm has no .*alow/]);
  const source = await lint({ "policies/p.wasm": "package packrun" });
  t.match(source, [/^POLICY_MODULE /, /^POLICY_MODULE /]);
  const large = await lint({ "policies/p.wasm": new Uint8Array(8 * 1024 * 1024 + 1) });
  t.match(large, [/larger than 8388608 bytes/, /larger than 8388608 bytes/]);
});

t.test("templates that cannot work are refused", async (t) => {
  const both = (problem: RegExp): readonly RegExp[] => [problem, problem];
  t.match(
    await lint({ "templates/t.conf": "\n${{ inputs.port }}" }),
    both(/^RENDER_TEMPLATE .*line 2: .*begins with inputs/),
  );
  t.match(
    await lint({ "templates/t.conf": "${{ values.none }}" }),
    both(/^RENDER_VALUE .*values\.none is not among the/),
  );
  t.match(await lint({ "templates/t.conf": " ".repeat(1024 * 1024 + 1) }), both(/^RENDER_TEMPLATE .*1048576 bytes/));
});

t.test("schemas that cannot work are refused", async (t) => {
  t.match(await lint({ "schemas/s.json": '{"type": "objekt"}' }), [
    /^SCHEMA_INVALID \.\/schemas\/s\.json is no JSON Schema/,
  ]);
  t.match(await lint({ "schemas/s.json": " ".repeat(1024 * 1024 + 1) }), [/^SCHEMA_INVALID .*1048576 bytes/]);
});

t.test("a schema in place may refer to itself, and to nothing else", async (t) => {
  const whole =
    "{$schema: 'https://json-schema.org/draft/2020-12/schema', $ref: '#/$defs/port', $defs: {port: {type: integer}}}";
  t.strictSame(await lint({}, { inline: whole }), []);
  t.strictSame(
    await lint({}, { inline: "{items: {$dynamicRef: '#node'}, $defs: {node: {$dynamicAnchor: node}}}" }),
    [],
  );
  for (const ref of ["https://acme.example/s.json", "other.json", "#/$defs/none", "file:///etc/passwd"]) {
    t.match(
      await lint({}, { inline: `{$ref: '${ref}'}` }),
      [/^SCHEMA_INVALID the schema of the step .*reference/],
      ref,
    );
  }
  t.match(await lint({}, { inline: "{$ref: 7}" }), [/^SCHEMA_INVALID /]);
  t.match(await lint({}, { inline: "{$cel: [x]}" }), [/^PACK_VALUE .*"\$cel"/], "what marks a value that is not known");
  t.match(await lint({}, { inline: "{properties: {$x: true}}" }), [/^PACK_VALUE .*"\$x"/], "no keyword");
});
