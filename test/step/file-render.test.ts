import t from "tap";
import { constantFrom, array, assert, property, string } from "fast-check";
import type { Json, JsonObject } from "#canon/json.ts";
import { fail, ok } from "#fault/result.ts";
import { MAX_READ_BYTES } from "#plan/lint-sources.ts";
import { fileRender } from "#step/file-render/file-render.ts";
import { readTemplate, renderTemplate } from "#step/file-render/render-template.ts";
import { bench, closed } from "./built-in-request.ts";

const template = `# $\${{ kept }}
listen \${{ values.server.port }};
name \${{ values.names[1] }} \${{values["name"]}};
ratio \${{ values.ratio }} \${{ values.on }}
`;
const values = { server: { port: 8080 }, names: ["a", "b"], name: "ü", ratio: 0.5, on: true };

async function rendered(runner: ReturnType<typeof bench>, given: Json): Promise<string> {
  const outcome = await runner.execute(fileRender, given);
  const file = outcome.kind === "succeeded" ? outcome.outputs["file"] : undefined;
  if (file?.type !== "file") {
    throw new Error(JSON.stringify(outcome));
  }
  return runner.text(file.digest);
}

t.test("every place of a template becomes its value, and the rest stands as it was", async (t) => {
  const runner = bench("/nowhere", { "conf/server.conf": template });
  const text = await rendered(runner, { template: "./conf/server.conf", values });
  t.equal(text, "# ${{ kept }}\nlisten 8080;\nname b ü;\nratio 0.5 true\n");
  t.equal(await rendered(runner, { template: "conf/server.conf", values }), text, "twice the same");
  t.equal(await rendered(runner, { template: { ...(await runner.keep(template)), name: "t" }, values }), text);
  t.equal(await rendered(runner, { template: await runner.keep(""), values: {} }), "");
});

t.test("the output has the media type that the pack says, and none unless it says one", async (t) => {
  const runner = bench("/nowhere", { t: "x" });
  t.match(await runner.execute(fileRender, { template: "t", values: {}, mediaType: "text/plain" }), {
    outputs: { file: { type: "file", size: 1, mediaType: "text/plain" } },
    artifacts: [{ name: "file", status: "captured" }],
  });
  t.match(await runner.execute(fileRender, { template: "t", values: {} }), {
    outputs: { file: { mediaType: undefined } },
  });
});

t.test("what a value holds is never looked into for places", async (t) => {
  const runner = bench("/nowhere", { t: "${{ values.a }}" });
  t.equal(await rendered(runner, { template: "t", values: { a: "${{ values.b }}", b: "x" } }), "${{ values.b }}");
});

const wrong: readonly (readonly [text: string, problem: RegExp, line?: number])[] = [
  ["${{ inputs.port }}", /begins with inputs; only values is known/],
  ["\n\n${{ steps.a.outputs.b }}", /begins with steps/, 3],
  ["${{ values }}", /names none of the values/],
  ["${{ values[0] }}", /names none/],
  ["${{ valuesX.a }}", /begins with valuesX/],
  ["${{ values.a + 1 }}", /neither decide nor compute/],
  ["${{ values.a == 1 ? 2 : 3 }}", /neither decide nor compute/],
  ["${{ values.a.size() }}", /neither decide nor compute/],
  ["${{ values.names[-1] }}", /neither decide/],
  ["${{ values.names[01] }}", /neither decide/],
  ["${{ values. }}", /neither decide/],
  ["${{ }}", /no path into values/],
  ["${{ 'text' }}", /no path/],
  ["a\n${{ values.a", /has no }}/, 2],
];

t.test("a template that does anything but name values is refused, with its line", async (t) => {
  for (const [text, problem, line = 1] of wrong) {
    const outcome = await bench("/nowhere", { t: text }).execute(fileRender, { template: "t", values });
    t.match(outcome, { kind: "failed", reason: "RENDER_TEMPLATE", hint: problem, artifacts: [] }, text);
    t.match(outcome, { hint: new RegExp(`^t, line ${line}: `) }, text);
  }
});

t.test("a name that is not among the values, or is no text, is refused", async (t) => {
  const cases: readonly (readonly [string, JsonObject, RegExp])[] = [
    ["${{ values.none }}", {}, /values\.none is not among the values/],
    ["${{ values.a.b }}", { a: {} }, /not among/],
    ["${{ values.a.b }}", { a: "text" }, /not among/],
    ["${{ values.a[1] }}", { a: [1] }, /not among/],
    ["${{ values.a[0] }}", { a: { "0": 1 } }, /not among/],
    ["${{ values.constructor }}", {}, /not among/],
    ["${{ values.a.toString }}", { a: {} }, /not among/],
    ["${{ values.a }}", { a: [1] }, /is a list/],
    ["${{ values.a }}", { a: { b: 1 } }, /is an object/],
    ["${{ values.a }}", { a: null }, /is null/],
  ];
  for (const [text, given, problem] of cases) {
    const outcome = await bench("/nowhere", { t: `\n${text}` }).execute(fileRender, { template: "t", values: given });
    t.match(outcome, { kind: "failed", reason: "RENDER_VALUE", hint: problem, artifacts: [] }, text);
    t.match(outcome, { hint: /line 2/ });
  }
});

t.test("every other refusal has its code", async (t) => {
  const runner = bench("/nowhere", {
    t: "${{ values.a }}${{ values.a }}",
    big: "x".repeat(MAX_READ_BYTES + 1),
    byte: "\uFEFF",
  });
  const absent = { type: "file", digest: `sha256:${"0".repeat(64)}`, size: 1 };
  const cases: readonly (readonly [string, Json])[] = [
    ["RENDER_TEMPLATE_MISSING", { template: "absent", values: {} }],
    ["RENDER_TEMPLATE_MISSING", { template: absent, values: {} }],
    ["RENDER_TOO_LARGE", { template: "big", values: {} }],
    ["RENDER_TOO_LARGE", { template: "t", values: { a: "x".repeat(closed.limits.artifactBytes / 2 + 1) } }],
    ["RENDER_TOO_LARGE", { template: "t", values: { a: "ü".repeat(closed.limits.artifactBytes / 4 + 1) } }],
    ["STEP_WITH_INVALID", { template: "t" }],
    ["STEP_WITH_INVALID", { values: {} }],
    ["STEP_WITH_INVALID", { template: "../t", values: {} }],
    ["STEP_WITH_INVALID", { template: "t", values: [] }],
    ["STEP_WITH_INVALID", { template: "t", values: { "not a name": 1 } }],
    ["STEP_WITH_INVALID", { template: "t", values: {}, mediaType: "text" }],
    ["STEP_WITH_INVALID", { template: "t", values: {}, mode: "755" }],
  ];
  for (const [reason, given] of cases) {
    t.match(await runner.execute(fileRender, given), { kind: "failed", reason, artifacts: [] }, reason);
  }
  const request = runner.request({ template: "byte", values: {} });
  const packFile: typeof request.packFile = async (path) => {
    const found = await request.packFile(path);
    return found.ok ? { ok: true, value: { ...found.value, stream: bytes(0xff) } } : found;
  };
  t.match(await fileRender.execute({ ...request, packFile }), {
    reason: "RENDER_TEMPLATE",
    hint: /line 1: it is not valid UTF-8/,
  });
});

async function* bytes(...each: readonly number[]): AsyncIterable<Uint8Array> {
  yield Uint8Array.from(each);
}

t.test("a template of the pack is held to what is known of the values when the plan is made", async (t) => {
  const look = (text: string, given: JsonObject) =>
    fileRender
      .refusals({ template: "./t", ...given }, closed, {
        files: new Map([["t", ok(Buffer.from(text))]]),
        modules: new Map(),
      })
      .map(({ fault, member }) => `${member} ${fault.code}`);
  const later = { $cel: [{ expr: "steps.a.outputs.b" }] };
  t.strictSame(look("${{ values.a }} ${{ values.b.c }}", { values: { a: later, b: later } }), []);
  t.strictSame(look("${{ values.a.c }}", { values: { a: { b: later } } }), ["template RENDER_VALUE"]);
  t.strictSame(look("${{ values.a }}", { values: later }), []);
  t.strictSame(look("${{ values.a }} ${{ values.b }} ${{ values.c }}", { values: { a: 1, b: [later] } }), [
    "template RENDER_VALUE",
    "template RENDER_VALUE",
  ]);
  t.strictSame(look("${{ inputs.a }} ${{ x }}", {}), ["template RENDER_TEMPLATE", "template RENDER_TEMPLATE"]);
  t.strictSame(look("${{ values.a }}", { values: 7 }), [], "which is a matter of the shape");
  const refused = { files: new Map([["t", fail("it is larger than 7 bytes")]]), modules: new Map() };
  t.match(fileRender.refusals({ template: "t", values: {} }, closed, refused), [
    { fault: { code: "RENDER_TEMPLATE", message: /larger than 7 bytes/ }, member: "template" },
  ]);
  const none = { files: new Map(), modules: new Map() };
  t.strictSame(fileRender.refusals({ template: "t", values: {} }, closed, none), []);
  t.strictSame(fileRender.refusals({ template: later, values: {} }, closed, none), []);
});

t.test("a cancelled attempt keeps nothing", async (t) => {
  const runner = bench("/nowhere", { t: "x" });
  const running = fileRender.execute(runner.request({ template: "t", values: {} }));
  runner.ending.abort();
  t.match(await running, { kind: "cancelled", artifacts: [] });
});

t.test("whatever a template is, it is rendered or refused, and one without places is itself", async () => {
  const token = constantFrom("${{", "}}", " values.a ", "values", ".", "[0]", "$", "{", "\n", '"', "ü", "x");
  assert(
    property(array(token, { maxLength: 12 }), string(), (tokens, a) => {
      const text = tokens.join("");
      const read = readTemplate(text);
      if (!read.ok) {
        return read.fault.length > 0;
      }
      const made = renderTemplate(read.value, { a }, 10_000);
      return text.includes("${{") || (made.ok && made.value === text);
    }),
  );
});
