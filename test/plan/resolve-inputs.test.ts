import fc from "fast-check";
import t from "tap";
import type { Json } from "#canon/json.ts";
import { resolveInputs, type GivenInput, type InputFile } from "#plan/resolve-inputs.ts";
import { validateSchema } from "#plan/validate-schema.ts";
import { digestOfDigits, packOf } from "./sample-plan.ts";

function packWithInputs(inputs: string): string {
  return `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/sample, version: 1.0.0}
spec:
  inputs:
${inputs
  .trim()
  .split("\n")
  .map((line) => `    ${line}`)
  .join("\n")}
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  steps: [{id: a, run: {command: ["true"]}}]
`;
}

const cli = (name: string, text: string): GivenInput => ({
  name,
  source: "cli",
  given: { text },
  at: { file: "command line" },
});
const file = (name: string, value: Json): GivenInput => ({
  name,
  source: "file",
  given: { value },
  at: { file: "in.yaml" },
});

type Options = { readonly files?: ReadonlyMap<string, InputFile>; readonly schemas?: ReadonlyMap<string, Json> };

function resolve(
  inputs: string,
  given: readonly GivenInput[],
  { files = new Map(), schemas = new Map() }: Options = {},
) {
  return resolveInputs({ pack: packOf(packWithInputs(inputs)), given, files, schemas, validateSchema });
}

function valuesOf(inputs: string, given: readonly GivenInput[], options?: Options): unknown {
  const resolved = resolve(inputs, given, options);
  return resolved.diagnostics.length === 0
    ? Object.fromEntries(
        Object.entries(resolved.inputs).map(([name, input]) => [name, "value" in input ? input.value : input]),
      )
    : resolved.diagnostics.map(({ code, file }) => `${code} ${file}`);
}

t.test("text is read by the declared type", async (t) => {
  const read = (type: string, text: string): unknown => {
    const values = valuesOf(`x: {type: ${type}}`, [cli("x", text)]) as { readonly x?: unknown };
    return Array.isArray(values) ? values[0] : values.x;
  };
  const refused = "INPUT_TYPE command line";
  t.equal(read("string", "7"), "7");
  t.equal(read("string", ""), "");
  t.equal(read("integer", "-7"), -7);
  t.equal(read("integer", "-0"), 0);
  t.equal(read("integer", "9007199254740991"), 9_007_199_254_740_991);
  t.equal(read("number", "2.5e1"), 25);
  t.equal(read("boolean", "true"), true);
  t.strictSame(read("array", "[1, null]"), [1, null]);
  t.strictSame(read("object", '{"a": {"b": 1}}'), { a: { b: 1 } });
  for (const [type, text] of [
    ["integer", "7.0"],
    ["integer", "07"],
    ["integer", " 7"],
    ["integer", "9007199254740992"],
    ["integer", "0x7"],
    ["integer", ""],
    ["number", "1e999"],
    ["number", "NaN"],
    ["number", ".5"],
    ["boolean", "yes"],
    ["boolean", "True"],
    ["array", "{}"],
    ["array", "[1,]"],
    ["object", "[]"],
    ["object", "null"],
    ["object", '{"a":1,"a":2}'],
    ["object", '{"b":{"a":1,"\\u0061":2}}'],
    ["array", '[{"a":1,"a":1}]'],
    ["object", '{"$cel": []}'],
    ["array", '[{"a": {"$x": 1}}]'],
    ["array", '["\\ud800"]'],
    ["array", "[9007199254740993]"],
    ["array", "[".repeat(70) + "]".repeat(70)],
  ] as const) {
    t.equal(read(type, text), refused, `${type} ${text}`);
  }
});

t.test("values of files keep their type", async (t) => {
  t.strictSame(valuesOf("x: {type: string}", [file("x", 7)]), ["INPUT_TYPE in.yaml"]);
  t.strictSame(valuesOf("x: {type: integer}", [file("x", 1.5)]), ["INPUT_TYPE in.yaml"]);
  t.strictSame(valuesOf("x: {type: number}", [file("x", 2)]), { x: 2 });
  const hint = (type: string, value: Json): string | undefined =>
    resolve(`x: {type: ${type}}`, [file("x", value)]).diagnostics[0]?.hint;
  t.equal(hint("string", 7), 'in YAML and JSON a text stands in quotes: x: "…"');
  t.equal(hint("boolean", "true"), "in YAML and JSON true or false stands without quotes");
  t.match(hint("boolean", 1), /given as JSON/);
});

t.test("the command line goes before the file, the file before the default", async (t) => {
  const inputs =
    "a: {type: string, default: d}\nb: {type: string, default: d}\nc: {type: string, default: d}\ne: {type: string}";
  const resolved = resolve(inputs, [file("a", "f"), file("b", "f"), cli("a", "c")]);
  t.match(resolved, {
    inputs: { a: { value: "c" }, b: { value: "f" }, c: { value: "d" }, e: undefined },
    sources: { a: "cli", b: "file", c: "default" },
  });
  t.strictSame(resolved.diagnostics, []);
  t.equal(resolved.unknown.size, 0);
});

t.test("an input has no known value where one is wrong, or may have been given under another name", async (t) => {
  const inputs =
    "a: {type: integer}\nb: {type: integer, default: 1}\nc: {type: string, required: true}\nd: {type: string}";
  const unknown = (given: readonly GivenInput[]): readonly string[] => [...resolve(inputs, given).unknown].toSorted();
  t.strictSame(unknown([cli("a", "x"), cli("c", "x")]), ["a"]);
  t.strictSame(unknown([cli("a", "1")]), ["c"]);
  t.strictSame(unknown([cli("a", "1"), cli("e", "1")]), ["b", "c", "d", "e"]);
});

t.test("missing, unknown and repeated names are found together", async (t) => {
  const found = resolve("channel: {type: string, required: true}\nother: {type: string}", [
    cli("chanel", "x"),
    cli("other", "1"),
    cli("other", "2"),
  ]);
  t.match(found.diagnostics, [
    { code: "INPUT_GIVEN_TWICE", file: "command line" },
    { code: "INPUT_UNKNOWN", file: "command line", hint: 'did you mean "channel"?' },
    { code: "INPUT_MISSING", file: "pack.yaml", range: { start: { line: 6 } } },
  ]);
});

t.test("values are held to their schema, defaults too, and a broken schema is told from a wrong value", async (t) => {
  const enumerated = "x: {type: string, schema: {enum: [beta, stable]}}";
  t.strictSame(valuesOf(enumerated, [cli("x", "beta")]), { x: "beta" });
  t.strictSame(valuesOf(enumerated, [cli("x", "alpha")]), ["INPUT_SCHEMA command line"]);
  t.strictSame(valuesOf("x: {type: string, default: gamma, schema: {enum: [beta]}}", []), ["INPUT_SCHEMA pack.yaml"]);
  t.strictSame(valuesOf("x: {type: string, schema: {type: text}}", [cli("x", "a")]), [
    "INPUT_SCHEMA_INVALID pack.yaml",
  ]);
  t.strictSame(valuesOf("x: {type: string, schema: {type: text}}", []), ["INPUT_SCHEMA_INVALID pack.yaml"], "no value");
  t.strictSame(valuesOf(enumerated, []), {});
  t.strictSame(valuesOf("x: {type: string, schema: {$ref: 'https://a.example/s'}}", [cli("x", "a")]), [
    "INPUT_SCHEMA_INVALID pack.yaml",
  ]);
  t.strictSame(valuesOf("x: {type: string, schema: {format: uri}}", [cli("x", "no uri")]), [
    "INPUT_SCHEMA command line",
  ]);
  t.strictSame(valuesOf("x: {type: string, schema: data/feeds.tar}", [cli("x", "a")]), [
    "INPUT_SCHEMA_INVALID pack.yaml",
  ]);
  const schemas = new Map<string, Json>([["data/feeds.tar", { maxLength: 1 }]]);
  t.strictSame(valuesOf("x: {type: string, schema: data/feeds.tar}", [cli("x", "ab")], { schemas }), [
    "INPUT_SCHEMA command line",
  ]);
  t.strictSame(valuesOf("x: {type: array, schema: {items: {type: string}, maxItems: 2}}", [cli("x", '["a", "b"]')]), {
    x: ["a", "b"],
  });
});

t.test(
  "files and directories come as they were digested; one that could not be read is left to whoever tried",
  async (t) => {
    const digested: InputFile = { type: "file", name: "a.tar", size: 1, digest: digestOfDigits("ab") };
    const given = [cli("x", "./a.tar")];
    t.strictSame(valuesOf("x: {type: file}", given, { files: new Map([["x", digested]]) }), { x: digested });
    t.strictSame(valuesOf("x: {type: file}", given), {});
  },
);

t.test("no message repeats what was given", async () => {
  const secret = "hunter2-8f3c";
  const given = fc.constantFrom(
    secret,
    `["${secret}"]`,
    `{"${secret}": "${secret}"}`,
    `"${secret}"`,
    `[{"${secret}": 1}, "${secret}"]`,
  );
  const rules = fc.constantFrom(
    "x: {type: integer}",
    "x: {type: boolean}",
    "x: {type: number}",
    "x: {type: array, schema: {items: {type: integer}, minItems: 5, uniqueItems: true}}",
    "x: {type: object, schema: {additionalProperties: false, required: [a], propertyNames: {pattern: '^z'}}}",
    "x: {type: object, schema: {additionalProperties: {type: integer}, dependentRequired: {a: [b]}}}",
    "x: {type: string, schema: {enum: [a], pattern: '^z', maxLength: 1, format: date-time, const: b}}",
  );
  fc.assert(
    fc.property(given, rules, (text, inputs) => {
      const resolved = resolve(inputs, [cli("x", text)]);
      return !JSON.stringify(resolved.diagnostics).includes(secret);
    }),
  );
});
