import t from "tap";
import type { Diagnostic } from "#fault/diagnostic.ts";
import { fail, ok } from "#fault/result.ts";
import { compilePlan, lintPlan, type CompileRequest } from "#plan/compile-plan.ts";
import type { LintSources } from "#plan/lint-sources.ts";
import {
  digestOfDigits,
  packAround,
  packOf,
  sampleBuiltIns,
  sampleFiles,
  sampleInputs,
  sha256,
} from "./sample-plan.ts";

const text = packAround("- {id: g, gate: {policy: always}}").replace(
  'always: {engine: cel, expression: "true"}',
  "always: {engine: rego, module: ./policies/licences.wasm, entrypoint: packrun/allow}",
);
const request: CompileRequest = {
  pack: packOf(text),
  packDigest: digestOfDigits("3f"),
  packFiles: sampleFiles,
  inputs: sampleInputs,
  builtIns: sampleBuiltIns,
  sha256,
};

type Found = LintSources["modules"] extends ReadonlyMap<string, infer F> ? F : never;

function findings(found: Found): readonly Diagnostic[] {
  const sources = { files: new Map(), modules: new Map([["policies/licences.wasm", found]]) };
  const compiled = compilePlan({ ...request, sources });
  t.strictSame(lintPlan({ ...request, sources }), compiled.ok ? [] : compiled.fault, "lint says the same");
  return compiled.ok ? [] : compiled.fault;
}

const line = text.split("\n").findIndex((each) => each.includes("rego")) + 1;

t.test("a module that has the entry point and asks for nothing stands in the plan by its digest", async (t) => {
  const module = { entrypoints: ["packrun/allow"], builtins: ["json.is_valid", "sprintf"] };
  t.strictSame(findings(ok(module)), []);
  const compiled = compilePlan(request);
  t.strictSame(compiled.ok ? compiled.value.plan.policies : compiled.fault, {
    always: {
      engine: "rego",
      module: "policies/licences.wasm",
      entrypoint: "packrun/allow",
      digest: digestOfDigits("7a"),
    },
  });
});

t.test("a module that cannot be loaded is refused where it is named", async (t) => {
  const [found] = findings(fail("it is no module"));
  t.match(found, { code: "POLICY_MODULE", message: /policies\/licences\.wasm .*: it is no module$/ });
  t.match(found, { range: { start: { line } }, hint: /opa build -t wasm/ });
});

t.test("an entry point that the module lacks is refused, with the one that was meant", async (t) => {
  const [near] = findings(ok({ entrypoints: ["packrun/alow", "packrun/deny"], builtins: [] }));
  t.match(near, { code: "POLICY_ENTRYPOINT", hint: 'did you mean "packrun/alow"?', range: { start: { line } } });
  const [far] = findings(ok({ entrypoints: ["x", "y"], builtins: [] }));
  t.match(far, { code: "POLICY_ENTRYPOINT", hint: "it has: x, y" });
});

t.test("each built-in function that no policy gets is refused", async (t) => {
  const builtins = ["http.send", "opa.runtime", "rand.intn", "regex.split", "sprintf", "time.now_ns", "yaml.unmarshal"];
  const found = findings(ok({ entrypoints: ["packrun/allow"], builtins }));
  t.strictSame(
    found.map(({ code, message }) => `${code} ${/built-in function (\S+),/.exec(message)?.[1]}`),
    builtins.filter((name) => name !== "sprintf").map((name) => `POLICY_BUILTIN ${name}`),
  );
});

t.test("where a pack was looked into before, its modules are held to their digests alone", async (t) => {
  t.ok(compilePlan(request).ok);
});
