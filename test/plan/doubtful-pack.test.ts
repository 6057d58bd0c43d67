import t from "tap";
import { isJsonObject, type Json } from "#canon/json.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { inspectPack } from "#pack/read-pack.ts";
import { lintPlan } from "#plan/compile-plan.ts";
import { resolveInputs, type GivenInput } from "#plan/resolve-inputs.ts";
import { validateSchema } from "#plan/validate-schema.ts";
import { digestOfDigits, sampleBuiltIns, sampleFiles, sha256 } from "./sample-plan.ts";

const given = (name: string, value: Json): GivenInput => ({
  name,
  source: "api",
  given: { value },
  at: { file: "request" },
});

/** Everything that is said about a text and its inputs, in three stages. */
function stagesOf(text: string, values: Readonly<Record<string, Json>>): readonly (readonly string[])[] {
  const { pack, doubts, diagnostics } = inspectPack(encodeUtf8(text), { file: "pack.yaml", files: sampleFiles });
  const entries = Object.entries(values).map(([name, value]) => given(name, value));
  const request = { pack, doubts, given: entries, files: new Map(), schemas: new Map(), validateSchema };
  const read = resolveInputs(request);
  const { inputs, unknown } = read;
  const isUnknown = (name: string): boolean => unknown.has(name) || !Object.hasOwn(pack.spec.inputs, name);
  const base = { pack, packDigest: digestOfDigits("3f"), packFiles: sampleFiles, builtIns: sampleBuiltIns, sha256 };
  const compiled = lintPlan({ ...base, doubts, inputs, isUnknown });
  return [diagnostics, read.diagnostics, compiled].map((found) =>
    found.map(({ code, message, range }) => `${range?.start.line ?? 0} ${code}: ${message}`),
  );
}

const GOOD: Json = {
  apiVersion: "packrun.dev/v1",
  kind: "TaskPack",
  metadata: { name: "acme/sample", version: "1.2.3", title: "A sample" },
  spec: {
    inputs: {
      channel: { type: "string", required: true, schema: { enum: ["beta", "stable"] } },
      dryRun: { type: "boolean", default: false },
      count: { type: "integer", default: 3 },
      hosts: { type: "array", default: ["a", "b"] },
    },
    secrets: { token: { description: "a token" } },
    sandbox: {
      mode: "sealed",
      egressAllowlist: ["a.example:443"],
      egressQuota: { requests: 5, bytes: "1Mi" },
      limits: { cpus: 1, memory: "64Mi" },
    },
    approvals: { release: { required: 1, from: ["approver"], ttl: "1h" } },
    policies: {
      severity: { engine: "cel", expression: "steps.scan.outputs.critical <= with.limit && inputs.count > 0" },
      licences: { engine: "rego", module: "policies/licences.wasm", entrypoint: "packrun/allow" },
    },
    defaults: { timeout: "5m", retry: { maxAttempts: 2 } },
    steps: [
      { id: "stage", run: { uses: "stage.file", with: { source: "data/feeds.tar", name: "${{ inputs.channel }}" } } },
      {
        id: "scan",
        when: "${{ !inputs.dryRun }}",
        inputs: { feed: "${{ steps.stage.outputs.staged }}" },
        env: { CHANNEL: "${{ inputs.channel }}-${{ pack.version }}", TOKEN: { secret: "token" } },
        run: { command: ["./bin/tool", "${{ inputs.count * 2 }}"] },
        outputs: { critical: { type: "integer" }, names: { type: "array" }, report: { file: "r.html" } },
        sandbox: { limits: { memory: "32Mi" } },
      },
      { id: "check", gate: { policy: "severity", with: { limit: "${{ inputs.count }}" } } },
      { id: "ok", gate: { approval: "release", message: "Promote ${{ inputs.channel }}" } },
      {
        id: "rollout",
        map: {
          items: "${{ steps.scan.outputs.names }}",
          as: "host",
          maxItems: 10,
          steps: [
            {
              id: "push",
              run: { command: ["true", "${{ host }}", "${{ index }}"] },
              outputs: { size: { type: "integer" } },
            },
            { id: "tell", run: { command: ["true", "${{ steps.push.outputs.size + 1 }}"] } },
          ],
        },
      },
      {
        id: "each",
        map: { items: "${{ inputs.hosts }}", steps: [{ id: "one", run: { command: ["x", "${{ item }}"] } }] },
      },
      {
        id: "after",
        parallel: {
          steps: [
            { id: "smoke", run: { script: "true" }, outputs: { text: { type: "string" } } },
            { id: "mid", needs: ["smoke"], run: { command: ["true"] } },
            { id: "tail", needs: ["mid"], run: { command: ["true", "${{ steps.smoke.outputs.text }}"] } },
          ],
        },
      },
    ],
    finally: [{ id: "cleanup", run: { command: ["true", "${{ steps.scan.status }}"] }, stdin: "${{ run.id }}" }],
    outputs: {
      report: { from: "${{ steps.scan.outputs.report }}" },
      sizes: { from: "${{ steps.push.map(s, s.status) }}" },
    },
  },
};

type Path = readonly (string | number)[];
/** What is written at one place of a document instead of the member or item that stands there. */
type Spoil = (key: string | undefined, value: string) => string;

/** The document as YAML flow text, spoiled at one place. */
function write(value: Json, at: Path | undefined, spoil: Spoil, key?: string): string {
  if (at?.length === 0) {
    return spoil(key, write(value, undefined, spoil));
  }
  const [first, ...rest] = at ?? [];
  const below = (part: string | number): Path | undefined => (part === first ? rest : undefined);
  const prefix = key === undefined ? "" : `${JSON.stringify(key)}: `;
  if (Array.isArray(value)) {
    return `${prefix}[${value.map((item: Json, index) => write(item, below(index), spoil)).join(",\n")}]`;
  }
  if (isJsonObject(value)) {
    const members = Object.entries(value).map(([name, member]) => write(member, below(name), spoil, name));
    return `${prefix}{${members.filter((text) => text !== "").join(",\n")}}`;
  }
  return prefix + JSON.stringify(value);
}

function placesOf(value: Json, path: Path): readonly Path[] {
  const entries: readonly (readonly [string | number, Json])[] = Array.isArray(value)
    ? [...(value as readonly Json[]).entries()]
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  return entries.flatMap(([part, inner]) => [[...path, part], ...placesOf(inner, [...path, part])]);
}

const member = (key: string | undefined, text: string): string =>
  key === undefined ? text : `${JSON.stringify(key)}: ${text}`;
const replaced =
  (text: string): Spoil =>
  (key) =>
    member(key, text);
const renamed =
  (change: (key: string) => string): Spoil =>
  (key, value) =>
    member(key === undefined ? key : change(key), value);

const SPOILS: Readonly<Record<string, Spoil>> = {
  number: replaced("7"),
  nothing: replaced("null"),
  list: replaced("[]"),
  text: replaced('"not this"'),
  object: replaced("{}"),
  listed: (key, value) => member(key, `[${value}]`),
  wrapped: (key, value) => member(key, `{steps: ${value}}`),
  longer: renamed((key) => `${key}x`),
  shorter: renamed((key) => key.slice(0, -1)),
  hyphened: renamed((key) => key.replace(/(?=[A-Z])|(?<=^..)/, "-")),
  upper: renamed((key) => key.toUpperCase()),
  tagged: (key, value) => member(key, `!mine ${value}`),
  anchored: (key, value) => member(key, `&mine ${value}`),
  aliased: replaced("*mine"),
  twice: (key, value) => `${member(key, "null")},\n${member(key, value)}`,
  merged: (key, value) => (key === undefined ? value : `<<: {${member(key, value)}}`),
  missing: () => "",
};

const VALUES = { channel: "beta", count: 4 };
/** Each place is spoiled in every so many of the ways, and each way is tried at as many places. */
const STRIDE = 8;

t.test(
  "what is wrong at one place of a good pack has no consequence that is reported as an error of its own",
  async (t) => {
    t.strictSame(stagesOf(write(GOOD, undefined, replaced("")), VALUES), [[], [], []]);
    const followers: string[] = [];
    let spoiled = 0;
    for (const [at, path] of placesOf(GOOD, []).entries()) {
      // An empty spec has no inputs, which is wrong of those that are given.
      const ways = Object.entries(SPOILS).filter(
        ([name], way) => (at + way) % STRIDE === 0 && !(name === "object" && path.length === 1),
      );
      for (const [name, spoil] of ways) {
        const [wrong = [], ...others] = stagesOf(write(GOOD, path, spoil), VALUES);
        if (wrong.length > 0) {
          spoiled += 1;
          followers.push(
            ...others.flat().map((other) => `${path.join(".")} ${name}: ${wrong.join(" / ")} => ${other}`),
          );
        }
      }
    }
    t.strictSame(followers, []);
    t.ok(spoiled > 250, `${spoiled} ways to spoil it`);
  },
);

/** The findings of a pack around these steps, all stages together: `18 EXPR_UNKNOWN`. */
function codesOf(steps: string, spec = "", values: Readonly<Record<string, Json>> = {}): readonly string[] {
  const indented = steps.trim().replaceAll("\n", "\n    ");
  const text = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/sample, version: 1.2.3}
spec:
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  ${spec === "" ? "inputs: {channel: {type: string}, count: {type: integer, required: true}}" : spec}
  steps:
    ${indented}
`;
  const found = stagesOf(text, { count: 1, ...values }).flat();
  return found.map((each) => each.replace(/^(\d+) (\w+): .*$/s, "$1 $2")).toSorted();
}

t.test("a step with something wrong in it is still looked into, and so are the others", async (t) => {
  t.strictSame(
    codesOf(`
- id: one
  timeot: 5m
  run: {command: [echo, 5, "\${{ inputs.nope }}"]}
  env: {A-B: x, C: "\${{ 1 + 'a' }}"}
  outputs: {good: {type: integer}, bad: {type: int}}
- id: two
  run: {comand: [echo, "\${{ inputs.nope }}"]}
  env: {A: "\${{ steps.one.outputs.bad.x }}", B: "\${{ steps.one.outputs.none }}", C: "\${{ steps.one.outputs.good.x }}"}
- id: three
  run: {uses: stage.flie, with: {source: "\${{ inputs.count.x }}"}}
  when: "\${{ steps.two.outputs.any }}"`),
    [
      "10 PACK_TYPE",
      "10 EXPR_UNKNOWN",
      "11 EXPR_TYPE",
      "11 PACK_VALUE",
      "12 PACK_VALUE",
      "14 PACK_UNKNOWN_FIELD",
      "15 EXPR_TYPE",
      "15 EXPR_UNKNOWN",
      "17 EXPR_TYPE",
      "17 PACK_VALUE",
      "9 PACK_UNKNOWN_FIELD",
    ].toSorted(),
  );
});

t.test("what a built-in that there is not would give is not known", async (t) => {
  t.strictSame(
    codesOf(`
- {id: one, run: {uses: foo.bar}}
- id: two
  inputs: {sbom: "\${{ steps.one.outputs.sbom }}"}
  run: {command: [x, "\${{ steps.one.outputs.sbom.digest }}", "\${{ steps.one.outptus.sbom }}"]}`),
    ["11 EXPR_UNKNOWN", "8 PACK_VALUE"],
  );
});

t.test("a step that is not seen is not missing", async (t) => {
  const use = '- {id: use, run: {command: [x, "${{ steps.lost.status }}"]}}';
  for (const wrong of [
    "- {id: Lost, run: {command: [x]}}",
    "- {run: {command: [x]}}",
    "- lost",
    "- {id: box, paralel: {steps: [{id: lost, run: {command: [x]}}]}}",
    "- {id: box, map: {items: [1], step: [{id: lost, run: {command: [x]}}]}}",
    "- {id: box, parallel: {steps: {id: lost}}}",
    "- {id: other, run: {command: [x]}}\n- {id: other, run: {command: [x]}}",
  ]) {
    const found = codesOf(`${wrong}\n${use}`);
    t.ok(found.length > 0 && found.every((code) => !code.includes("EXPR_")), `${wrong}: ${found.join(", ")}`);
  }
  t.strictSame(codesOf(`- {id: lots, runn: {command: [x]}}\n${use}`), ["8 PACK_UNKNOWN_FIELD", "9 EXPR_UNKNOWN"]);
});

t.test("what is wrong with the order of a block says nothing of what comes before what", async (t) => {
  const block = (needs: string): string => `
- id: box
  parallel:
    steps:
      - {id: first, run: {command: [x]}, outputs: {n: {type: integer}}}
      - {id: then, ${needs}, run: {command: [x, "\${{ steps.first.outputs.n }}", "\${{ steps.first.outputs.m }}"]}}`;
  t.strictSame(codesOf(block("needs: [first]")), ["12 EXPR_UNKNOWN"]);
  t.strictSame(codesOf(block("title: x")), ["12 EXPR_ORDER", "12 EXPR_ORDER"]);
  t.strictSame(codesOf(block("nedes: [first]")), ["12 PACK_UNKNOWN_FIELD"]);
  t.strictSame(codesOf(block("needs: first")), ["12 PACK_TYPE"]);
  t.strictSame(codesOf(block("needs: [frist]")), ["12 PACK_NEEDS_UNKNOWN"]);
});

t.test("of an input whose declaration is wrong nothing is said, of the others everything", async (t) => {
  const steps =
    '- {id: a, run: {command: [x, "${{ inputs.level.x }}", "${{ inputs.count.x }}", "${{ inputs.nope }}"]}}';
  const spec = "inputs: {level: {type: strin, required: true}, count: {type: integer}}";
  t.strictSame(codesOf(steps, spec, { level: 5, count: "many", other: 1 }), [
    "0 INPUT_TYPE",
    "0 INPUT_UNKNOWN",
    "6 PACK_VALUE",
    "8 EXPR_TYPE",
    "8 EXPR_UNKNOWN",
  ]);
  t.strictSame(codesOf(steps, "input: {level: {type: string}, count: {type: integer}}"), [
    "6 PACK_UNKNOWN_FIELD",
    "8 EXPR_UNKNOWN",
  ]);
  const hyphened =
    '- {id: a, run: {command: [x, "${{ inputs.dry-run }}", "${{ inputs.dryRun }}", "${{ inputs.wet }}"]}}';
  t.strictSame(codesOf(hyphened, "inputs: {dry-run: {type: boolean}, count: {type: integer}}"), [
    "6 PACK_VALUE",
    "8 EXPR_UNKNOWN",
  ]);
});

t.test("gates, secrets and needs are not blamed for a section that is wrong itself", async (t) => {
  const gate = "- {id: g, gate: {policy: strict}}";
  t.strictSame(
    codesOf(gate, 'policy: {strict: {engine: cel, expression: "true"}}\n  inputs: {count: {type: integer}}'),
    ["6 PACK_UNKNOWN_FIELD"],
  );
  t.strictSame(codesOf(gate, "policies: {loose: 5}\n  inputs: {count: {type: integer}}"), [
    "6 PACK_TYPE",
    "9 PACK_ID_UNKNOWN",
  ]);
  const secret = "- {id: a, run: {command: [x]}, env: {A: {secret: token}, B: {secret: other}}}";
  t.strictSame(codesOf(secret, "secrets: [token]\n  inputs: {count: {type: integer}}"), ["6 PACK_TYPE"]);
  t.strictSame(codesOf(secret, "secrets: {token: {valu: x}}\n  inputs: {count: {type: integer}}"), [
    "6 PACK_UNKNOWN_FIELD",
    "9 SECRET_UNDECLARED",
  ]);
});

t.test("nothing is said of expressions in a text that is not certain", async (t) => {
  const bad = '- {id: a, run: {command: [x, "${{ inputs.nope }}"]}}';
  t.strictSame(codesOf(`${bad}\n- {id: b`), ["10 YAML_SYNTAX"]);
  t.strictSame(codesOf(bad, "inputs: {count: {type: integer}}\n---\nspec:"), [
    "4 PACK_MISSING_FIELD",
    "7 YAML_MULTIPLE_DOCUMENTS",
  ]);
  t.strictSame(codesOf(`${bad}\n- {id: b, run: {command: !!str x}}`).includes("8 EXPR_UNKNOWN"), true);
});
