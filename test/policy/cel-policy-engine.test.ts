import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { array, assert, asyncProperty, constantFrom, oneof, string } from "fast-check";
import t from "tap";
import { parse } from "yaml";
import { digestOf, type Sha256 } from "#canon/digest.ts";
import type { JsonObject } from "#canon/json.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { celPolicyEngine } from "#policy/cel-policy-engine.ts";
import type { Policy } from "#plan/plan.ts";
import type { PolicyAnswer } from "#port/policy-engine.ts";

const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const engine = celPolicyEngine();

const cel = (expression: string): Policy => ({
  engine: "cel",
  expression,
  digest: digestOf(encodeUtf8(expression), sha256),
});

const context: JsonObject = {
  inputs: { channel: "beta", allowed: ["MIT", "ISC"], limit: 3, dryRun: false },
  pack: { name: "acme/demo", version: "1.0.0" },
  run: { id: "0198b0d0-0000-7000-8000-000000000000" },
  steps: {
    scan: { status: "succeeded", outputs: { critical: 0, licences: ["MIT"], ratio: 0.5, note: "none" } },
    skipped: { status: "skipped", outputs: {} },
    list: [{ status: "succeeded", outputs: { lines: 2 } }, null],
  },
  with: { threshold: 1 },
};

type Kind = PolicyAnswer["kind"];

t.test("only a clean true allows, only a clean false denies, all else is undecided", async (t) => {
  const cases: readonly (readonly [expression: string, kind: Kind, why?: RegExp])[] = [
    ["true", "allowed"],
    ["false", "denied"],
    ["steps.scan.outputs.critical == 0", "allowed"],
    ["steps.scan.outputs.critical > 0", "denied"],
    ["steps.scan.outputs.critical < with.threshold && inputs.channel in ['beta', 'stable']", "allowed"],
    ["steps.scan.outputs.licences.all(l, l in inputs.allowed)", "allowed"],
    ["steps.scan.outputs.licences.exists(l, l == 'GPL-3.0')", "denied"],
    ["has(steps.skipped.outputs.report)", "denied"],
    ["!has(steps.skipped.outputs.report)", "allowed"],
    ["steps.scan.outputs.licences.all(l, inputs.allowed.exists(a, a == l))", "allowed"],
    ["steps.list.all(each, each != null)", "denied"],
    ["inputs.dryRun", "denied"],
    // Missing evidence never passes, whichever way the comparison points.
    ["steps.skipped.outputs.critical == 0", "undecided", /EXPR_ABSENT/],
    ["steps.skipped.outputs.critical != 0", "undecided", /EXPR_ABSENT/],
    ["!(steps.skipped.outputs.critical > 0)", "undecided", /EXPR_ABSENT/],
    ["steps.absent.outputs.critical == 0", "undecided"],
    ["steps.list[7].outputs.lines > 0", "undecided", /EXPR_ABSENT/],
    ["steps.list.all(each, each.outputs.lines > 0)", "undecided"],
    ["nothing == 1", "undecided"],
    ["secrets.token == 'x'", "undecided"],
    // What is no boolean is no decision.
    ["1", "undecided", /a number, not true or false/],
    ["'true'", "undecided", /a string/],
    ["null", "undecided", /null/],
    ["[true]", "undecided", /a list/],
    ["{'allowed': true}", "undecided", /an object/],
    ["steps.scan.outputs", "undecided", /an object/],
    ["type(true)", "undecided"],
    ["steps.scan.outputs.note ? true : false", "undecided"],
    // Errors.
    ["1 / 0 == 1", "undecided"],
    ["'a' < 1", "undecided"],
    ["9223372036854775807 + 1 > 0", "undecided"],
    ["true &&", "undecided", /EXPR_SYNTAX/],
    ["", "undecided"],
    ["'aaaa'.matches('(a+)+$')", "undecided", /EXPR_SYNTAX/],
    ["[1].all(a, [2].all(b, b > a + ''))", "undecided"],
    ["unknownFunction(1)", "undecided"],
  ];
  for (const [expression, kind, why] of cases) {
    const answer = await engine.evaluate(cel(expression), context);
    t.equal(answer.kind, kind, expression);
    if (answer.kind === "undecided") {
      t.match(answer.why, why ?? /\S/, `${expression} says why`);
    }
  }
});

t.test("a false that is known decides, whatever is missing beside it", async (t) => {
  // CEL's && and || take the side that decides (language definition, logical operators).
  t.strictSame(await engine.evaluate(cel("false && steps.skipped.outputs.x == 1"), context), { kind: "denied" });
  t.match(await engine.evaluate(cel("true && steps.skipped.outputs.x == 1"), context), { kind: "undecided" });
  t.match(await engine.evaluate(cel("false || steps.skipped.outputs.x == 1"), context), { kind: "undecided" });
});

t.test("a share of nothing and a number beyond the range decide nothing, whatever stands beside them", async (t) => {
  const numbers = { inputs: new Set<string>(), outputs: new Map([["tests", new Set(["passed", "total"])]]) };
  const measured = (passed: number, total: number): JsonObject => ({
    steps: { tests: { status: "succeeded", outputs: { passed, total, count: total } } },
  });
  const ask = async (expression: string, outputs: JsonObject): Promise<PolicyAnswer> =>
    engine.evaluate(cel(expression), outputs, numbers);
  const share = "steps.tests.outputs.passed / steps.tests.outputs.total >= 0.95";
  const count = "1 / steps.tests.outputs.count >= 0";
  for (const expression of [share, `!(${share})`, `${share} || true`, `${share} && false`, count, `${count} || true`]) {
    const answer = await ask(expression, measured(1, 0));
    t.match(answer, { kind: "undecided", why: /EXPR_NUMBER/ }, expression);
  }
  t.match(await ask("steps.tests.outputs.passed > 0.5", measured(1e300, 1)), { kind: "undecided", why: /EXPR_NUMBER/ });
  t.match(await ask(`steps.tests.outputs.total > 0.0 && ${share}`, measured(1, 0)), { kind: "denied" });
  t.match(await ask(share, measured(0, 0)), { kind: "undecided" });
  t.match(await ask(share, measured(1, 2)), { kind: "denied" });
  t.match(await ask(share, measured(2, 2)), { kind: "allowed" });
});

t.test("an expression that is not the one of the digest is undecided", async (t) => {
  const swapped = { ...cel("steps.scan.outputs.critical > 0"), expression: "true" } as Policy;
  t.match(await engine.evaluate(swapped, context), { kind: "undecided", why: /digest/ });
});

t.test("a value that is declared as number is a double, even where it is integral", async (t) => {
  const numbers = { inputs: new Set(["limit"]), outputs: new Map([["scan", new Set(["critical"])]]) };
  const policy = cel("steps.scan.outputs.critical * 1.5 < inputs.limit / 2.0");
  t.strictSame(await engine.evaluate(policy, context, numbers), { kind: "allowed" });
  t.match(await engine.evaluate(policy, context), { kind: "undecided", why: /EXPR_TYPE/ });
});

t.test("Rego is undecided, and says so", async (t) => {
  const { digest } = cel("true");
  const rego: Policy = { engine: "rego", module: "policies/licences.wasm", digest, entrypoint: "packrun/allow" };
  t.match(await engine.evaluate(rego, context), { kind: "undecided", why: /Rego.*policies\/licences\.wasm/ });
});

t.test("an empty context decides nothing that looks at anything", async (t) => {
  t.match(await engine.evaluate(cel("steps.scan.outputs.critical == 0"), {}), { kind: "undecided" });
  t.match(await engine.evaluate(cel("!inputs.dryRun"), {}), { kind: "undecided" });
});

t.test("what is too deep for the stack is undecided", async (t) => {
  const nested = `${"(".repeat(100_000)}true${")".repeat(100_000)}`;
  t.match(await engine.evaluate(cel(nested), context), { kind: "undecided" });
  let deep: JsonObject = { end: true };
  for (let at = 0; at < 100_000; at += 1) {
    deep = { deep };
  }
  t.match(await engine.evaluate(cel("inputs.value.deep.end"), { inputs: { value: deep } }), { kind: "undecided" });
});

t.test("whatever the text of a policy is, the engine answers, and twice the same", async () => {
  const token = constantFrom(
    "steps",
    ".scan",
    ".outputs",
    ".critical",
    " == ",
    "0",
    "(",
    ")",
    "!",
    " && ",
    "true",
    "'",
    "[",
    "]",
    "?",
    ":",
  );
  await assert(
    asyncProperty(
      oneof(
        string(),
        array(token, { maxLength: 12 }).map((parts) => parts.join("")),
      ),
      async (text) => {
        const first = await engine.evaluate(cel(text), context);
        const second = await engine.evaluate(cel(text), context);
        return (
          JSON.stringify(first) === JSON.stringify(second) && ["allowed", "denied", "undecided"].includes(first.kind)
        );
      },
    ),
    { numRuns: 300 },
  );
});

const policyOf = (pack: string, id: string): Policy => {
  const text = readFileSync(new URL(`../../packs/${pack}/pack.yaml`, import.meta.url), "utf8");
  const { spec } = parse(text) as { spec: { policies: Record<string, { expression: string }> } };
  return cel(spec.policies[id]?.expression ?? "");
};

const evidence = (outputs: JsonObject): JsonObject => ({
  inputs: { allowedLicences: ["MIT"], reviewedPackages: ["old"] },
  steps: { dependencies: { status: "succeeded", outputs } },
});

const lists = (...lines: readonly (number | null)[]): JsonObject => ({
  steps: {
    clean: { status: "succeeded", outputs: { items: 4 } },
    list: lines.map((each) => (each === null ? null : { status: "succeeded", outputs: { lines: each } })),
  },
});

t.test("the policies of the packs here pass on good evidence and on nothing else", async (t) => {
  const licences = policyOf("self-release", "licences");
  const cases: readonly (readonly [JsonObject, Kind])[] = [
    [{ components: 2, licences: ["MIT"], unlicensed: ["old"] }, "allowed"],
    [{ components: 0, licences: [], unlicensed: [] }, "denied"],
    [{ components: 2, licences: ["MIT", "GPL-3.0-only"], unlicensed: [] }, "denied"],
    [{ components: 2, licences: ["MIT"], unlicensed: ["new"] }, "denied"],
    [{ components: 2, licences: ["MIT"] }, "undecided"],
    [{}, "undecided"],
  ];
  for (const [outputs, kind] of cases) {
    t.equal((await engine.evaluate(licences, evidence(outputs))).kind, kind, JSON.stringify(outputs));
  }
  const complete = policyOf("quickstart", "complete");
  t.equal((await engine.evaluate(complete, lists(4, 4))).kind, "allowed");
  t.equal((await engine.evaluate(complete, lists(4, 3))).kind, "denied");
  t.equal((await engine.evaluate(complete, lists(4, null))).kind, "denied");
});
