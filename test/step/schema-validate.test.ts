import t from "tap";
import type { Json } from "#canon/json.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { MAX_READ_BYTES, type LintSources } from "#plan/lint-sources.ts";
import { validateSchema } from "#plan/validate-schema.ts";
import { schemaValidate } from "#step/schema-validate/schema-validate.ts";
import { validateApart } from "#step/validate-apart.ts";
import { bench, closed, sha256 } from "./built-in-request.ts";

const schema = JSON.stringify({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $defs: { finding: { type: "object", required: ["severity"], properties: { severity: { enum: ["low", "high"] } } } },
  type: "object",
  required: ["findings"],
  properties: { findings: { type: "array", items: { $ref: "#/$defs/finding" } }, at: { format: "date-time" } },
  additionalProperties: false,
});
const good = '{ "findings": [{"severity": "low"}], "at": "2026-01-02T03:04:05Z" }\n';
const files = {
  "schemas/report.json": schema,
  "data/good.json": good,
  "data/bad.json": '{"findings": [{"severity": "none"}, {}, {"severity": 7}, 1], "more": 1}',
  "data/cut.json": '{"findings": [',
};

t.test("a document that satisfies its schema is the output, byte for byte", async (t) => {
  const runner = bench("/nowhere", files);
  const cases: readonly Json[] = [
    { document: "./data/good.json", schema: "./schemas/report.json" },
    { document: await runner.keep(good), schema: await runner.keep(schema) },
    { document: "data/good.json", schema: { type: "object", required: ["findings"] } },
  ];
  for (const given of cases) {
    const outcome = await runner.execute(schemaValidate, given);
    t.match(outcome, {
      kind: "succeeded",
      outputs: { document: { type: "file", digest: `sha256:${sha256(good)}`, mediaType: "application/json" } },
      artifacts: [{ name: "document", status: "captured" }],
    });
  }
});

t.test("what does not satisfy the schema is named by its place, three at most", async (t) => {
  const outcome = await bench("/nowhere", files).execute(schemaValidate, {
    document: "data/bad.json",
    schema: "schemas/report.json",
  });
  t.match(outcome, { kind: "failed", reason: "SCHEMA_MISMATCH", artifacts: [] });
  const { hint = "" } = outcome as { readonly hint?: string };
  t.match(hint, /data\/bad\.json does not satisfy the schema: at /);
  t.match(hint, /at \/findings\/0\/severity: must be equal to one of the allowed values/);
  t.equal(hint.split("; at ").length, 3);
});

t.test("every refusal has its code", async (t) => {
  const runner = bench("/nowhere", {
    ...files,
    big: " ".repeat(MAX_READ_BYTES + 1),
    typo: '{"type": "objekt"}',
    text: "{",
  });
  const absent = { type: "file", digest: `sha256:${"0".repeat(64)}`, size: 1, name: "gone.json" };
  const document = "data/good.json";
  const cases: readonly (readonly [reason: string, given: Json, hint?: RegExp])[] = [
    ["SCHEMA_FILE_MISSING", { document: "absent.json", schema: {} }, /the document absent\.json/],
    ["SCHEMA_FILE_MISSING", { document: absent, schema: {} }, /the document gone\.json/],
    ["SCHEMA_FILE_MISSING", { document, schema: "absent.json" }, /the schema absent\.json/],
    ["SCHEMA_FILE_MISSING", { document, schema: absent }],
    ["SCHEMA_FILE_TOO_LARGE", { document, schema: "big" }, /the schema big is larger than 1048576 bytes/],
    ["SCHEMA_INVALID", { document, schema: "typo" }, /typo is no JSON Schema/],
    ["SCHEMA_INVALID", { document, schema: "text" }, /text is no JSON Schema/],
    ["SCHEMA_INVALID", { document, schema: { type: "objekt" } }, /the schema of the step/],
    ["SCHEMA_INVALID", { document, schema: await runner.keep('{"$ref": "https://acme.example/s.json"}') }],
    ["SCHEMA_INVALID", { document, schema: await runner.keep("[]") }],
    ["SCHEMA_DOCUMENT_SYNTAX", { document: "data/cut.json", schema: {} }, /data\/cut\.json is no JSON/],
    ["STEP_WITH_INVALID", { document }],
    ["STEP_WITH_INVALID", { schema: {} }],
    ["STEP_WITH_INVALID", { document, schema: 7 }],
    ["STEP_WITH_INVALID", { document: "../up", schema: {} }],
    ["STEP_WITH_INVALID", { document, schema: {}, strict: true }],
  ];
  for (const [reason, given, hint = /\S/] of cases) {
    const outcome = await runner.execute(schemaValidate, given);
    t.match(outcome, { kind: "failed", reason, hint, artifacts: [] }, JSON.stringify(given));
  }
});

t.test("a document that is too large is not read to its end", async (t) => {
  const runner = bench("/nowhere", files);
  const request = runner.request({ document: "data/good.json", schema: {} });
  let read = 0;
  async function* endless(): AsyncIterable<Uint8Array> {
    for (;;) {
      read += 1;
      yield new Uint8Array(1024 * 1024);
    }
  }
  const packFile: typeof request.packFile = async (path) => {
    const found = await request.packFile(path);
    return found.ok ? { ok: true, value: { ...found.value, stream: endless() } } : found;
  };
  t.match(await schemaValidate.execute({ ...request, packFile }), {
    reason: "SCHEMA_FILE_TOO_LARGE",
    hint: /the document data\/good\.json is larger than 16777216 bytes/,
  });
  t.equal(read, 17);
});

t.test("validation that takes too long is ended with its attempt, and nothing is kept", async (t) => {
  const slow = JSON.stringify({ uniqueItems: true });
  const many = JSON.stringify(Array.from({ length: 100_000 }, (_, at) => ({ at })));
  const runner = bench("/nowhere", { "slow.json": slow, "a.json": many });
  const running = schemaValidate.execute(runner.request({ document: "a.json", schema: "slow.json" }));
  setImmediate(() => runner.ending.abort());
  t.match(await running, { kind: "cancelled", artifacts: [] });
});

t.test("what breaks a thread, or is too deep for it, is not validated and does not pass", async (t) => {
  const signal = new AbortController().signal;
  const job = (schema: string, document: string) => ({ schema: Buffer.from(schema), document: Buffer.from(document) });
  const recursive = '{"items": {"$ref": "#"}}';
  t.match(await validateApart(job(recursive, "[[1]]"), signal), { kind: "valid" });
  const loop = '{"$ref": "#"}';
  t.match(await validateApart(job(loop, "1"), signal), { kind: "unfinished", problem: /stack/ });
  const runner = bench("/nowhere", { s: loop, d: "1" });
  t.match(await runner.execute(schemaValidate, { document: "d", schema: "s" }), { reason: "SCHEMA_UNFINISHED" });
  const aborted = new AbortController();
  aborted.abort("stopped");
  await t.rejects(validateApart(job("{}", "1"), aborted.signal));
});

t.test("a schema of the pack is compiled when the plan is made", async (t) => {
  const look = (schema: Json, held: Readonly<Record<string, Result<Uint8Array, string>>> = {}, given?: LintSources) =>
    schemaValidate
      .refusals(
        { document: "d", schema },
        closed,
        given ?? { files: new Map(Object.entries(held)), modules: new Map(), validateSchema },
      )
      .map(({ fault, member }) => `${member} ${fault.code} ${fault.message}`);
  t.strictSame(look("./s.json", { "s.json": ok(Buffer.from(schema)) }), []);
  t.match(look("s.json", { "s.json": ok(Buffer.from('{"type": 7}')) }), [
    /^schema SCHEMA_INVALID s\.json is no JSON Schema/,
  ]);
  t.match(look("s.json", { "s.json": ok(Buffer.from("{")) }), [/SCHEMA_INVALID/]);
  t.match(look("s.json", { "s.json": fail("it is larger than 7 bytes") }), [/larger than 7 bytes/]);
  t.match(look({ type: "objekt" }), [/the schema of the step/]);
  t.match(look({ $ref: "#" }), [/refers to itself without end/]);
  t.strictSame(look({ enum: [{ $cel: [{ expr: "run.id" }] }] }), [], "not known yet");
  t.strictSame(look({ $cel: [{ expr: "steps.a.outputs.schema" }] }), []);
  t.strictSame(look("s.json"), [], "a file that is not there is told by its path");
  t.strictSame(look({ type: "objekt" }, {}, { files: new Map(), modules: new Map() }), [], "looked into before");
});
