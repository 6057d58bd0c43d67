import { Readable } from "node:stream";
import t from "tap";
import type { JsonObject } from "#canon/json.ts";
import { StoreError } from "#fault/store-error.ts";
import { MAX_MODULE_BYTES } from "#plan/policy-module.ts";
import type { Policy } from "#plan/plan.ts";
import { policyEngine } from "#policy/policy-engine.ts";
import { REGO_LIMITS, type RegoLimits } from "#policy/run-rego.ts";
import type { PolicyAnswer } from "#port/policy-engine.ts";
import { compiled, moduleDigest } from "./rego-module.ts";
import { call, FOREVER, GREEDY, indexOf, oddModule, type OddModule } from "./wasm-module.ts";

type Kind = PolicyAnswer["kind"];
const decisions = compiled("decisions.wasm");

const context: JsonObject = {
  inputs: { channel: "beta", allowed: ["MIT", "ISC"], limit: 3, value: [[1]] },
  pack: { name: "acme/demo", version: "1.0.0" },
  run: { id: "0198b0d0-0000-7000-8000-000000000000" },
  steps: { scan: { status: "succeeded", outputs: { critical: 0, licences: ["MIT", "GPL-3.0"] } } },
  with: { threshold: 1 },
};

function policyOf(module: Uint8Array, entrypoint: string): Policy {
  return { engine: "rego", module: "policies/p.wasm", digest: moduleDigest(module), entrypoint };
}

function evaluate(
  module: Uint8Array,
  entrypoint: string,
  given: { readonly context?: JsonObject; readonly limits?: RegoLimits } = {},
): Promise<PolicyAnswer> {
  const { limits } = given;
  const read = () => Readable.from([module.subarray(0, 100), module.subarray(100)]);
  const engine = policyEngine({ read, ...(limits === undefined ? {} : { limits }) });
  return engine.evaluate(policyOf(module, entrypoint), given.context ?? context);
}

t.test("only a clean true allows, only a clean false denies, all else is undecided", async (t) => {
  const lacking = { ...context, steps: { scan: { status: "skipped", outputs: {} } } };
  const strictly = { ...context, with: { threshold: 0 } };
  const cases: readonly (readonly [entrypoint: string, kind: Kind, why?: RegExp | undefined, context?: JsonObject])[] =
    [
      ["packrun/allow", "allowed"],
      ["packrun/allow", "denied", undefined, strictly],
      // A default decides where evidence is missing: that is what it says.
      ["packrun/allow", "denied", undefined, lacking],
      ["packrun/allow", "denied", undefined, {}],
      ["packrun/strict", "allowed"],
      ["packrun/strict", "undecided", /policies\/p\.wasm: packrun\/strict is undefined/, lacking],
      ["packrun/worded", "allowed"],
      ["packrun/valid", "allowed"],
      ["packrun/pattern", "allowed"],
      ["packrun/deep", "allowed"],
      ["packrun/number", "undecided", /gave a number/],
      ["packrun/text", "undecided", /gave a string/],
      ["packrun/nothing", "undecided", /gave null/],
      ["packrun/listed", "undecided", /gave a list/],
      ["packrun/record", "undecided", /gave an object/],
      ["packrun/torn", "undecided", /conflict/],
      ["packrun/absent", "undecided", /absent is not valid/],
      ["__proto__", "undecided"],
      ["constructor", "undecided"],
    ];
  for (const [entrypoint, kind, why = /\S/, given = context] of cases) {
    const answer = await evaluate(decisions, entrypoint, { context: given });
    t.equal(answer.kind, kind, entrypoint);
    if (answer.kind === "undecided") {
      t.match(answer.why, why, `${entrypoint} says why`);
    }
  }
});

t.test("the same policy gives the same answer for the same context, in whatever order its members stand", async (t) => {
  const turned = Object.fromEntries(Object.entries(context).toReversed());
  for (const entrypoint of ["packrun/allow", "packrun/torn"]) {
    const first = await evaluate(decisions, entrypoint);
    t.strictSame(await evaluate(decisions, entrypoint), first);
    t.strictSame(await evaluate(decisions, entrypoint, { context: turned }), first);
  }
});

t.test("what a module asks of its host is not there when it is evaluated either", async (t) => {
  const asking = compiled("asking.wasm");
  for (const entrypoint of ["timely", "split"]) {
    t.match(await evaluate(asking, `packrun/${entrypoint}`), {
      kind: "undecided",
      why: /needs http\.send, which no policy gets/,
    });
  }
  t.match(await evaluate(oddModule({ builtins: '{"constructor":0}' }), "a/b"), {
    kind: "undecided",
    why: /needs constructor/,
  });
});

t.test("no answer but exactly one true or false of a module decides", async (t) => {
  const cases: readonly (readonly [result: string, kind: Kind])[] = [
    ['[{"result":true}]', "allowed"],
    ['[{"result":false}]', "denied"],
    ["[]", "undecided"],
    ['[{"result":true},{"result":true}]', "undecided"],
    ["[true]", "undecided"],
    ['[{"allowed":true}]', "undecided"],
    ['[{"result":"true"}]', "undecided"],
    ['[{"result":1}]', "undecided"],
    ["[null]", "undecided"],
    ["true", "undecided"],
    ['{"result":true}', "undecided"],
    ['{"0":{"result":true},"length":1}', "undecided"],
    ["no JSON", "undecided"],
    ["", "undecided"],
  ];
  for (const [result, kind] of cases) {
    t.equal((await evaluate(oddModule({ result }), "a/b")).kind, kind, result);
  }
});

t.test("whatever goes past its bounds is ended and undecided", async (t) => {
  const cases: readonly (readonly [OddModule, RegExp])[] = [
    [{ code: { opa_eval: GREEDY } }, /unreachable/],
    [{ code: { opa_eval: call(indexOf("opa_eval"), 7) } }, /call stack/],
    [{ code: { opa_eval: [0x41, 0x7f] } }, /\S/],
    [{ pages: 65 }, /memory/],
  ];
  const small = { ...REGO_LIMITS, maxPages: 64 };
  for (const [odd, why] of cases) {
    t.match(await evaluate(oddModule(odd), "a/b", { limits: small }), { kind: "undecided", why }, JSON.stringify(odd));
  }
  const hasty = { ...REGO_LIMITS, timeoutMs: 1000 };
  for (const [module, entrypoint] of [
    [oddModule({ code: { opa_eval: FOREVER } }), "a/b"],
    [decisions, "packrun/endless"],
  ] as const) {
    t.match(await evaluate(module, entrypoint, { limits: hasty }), {
      kind: "undecided",
      why: "policies/p.wasm: it was not done after 1000 ms",
    });
  }
  t.match(await evaluate(decisions, "packrun/allow", { limits: { timeoutMs: 1, maxPages: 2048 } }), {
    kind: "undecided",
    why: "policies/p.wasm: it was not done after 1 ms",
  });
});

t.test("a context that no module could hold is undecided", async (t) => {
  const large = { inputs: { value: "x".repeat(8 * 1024 * 1024) } };
  t.match(await evaluate(decisions, "packrun/allow", { context: large }), {
    kind: "undecided",
    why: /its input is larger than 8388608 bytes/,
  });
  let deep: JsonObject = { end: true };
  for (let at = 0; at < 100_000; at += 1) {
    deep = { deep };
  }
  t.match(await evaluate(decisions, "packrun/allow", { context: deep }), { kind: "undecided" });
});

t.test("what a module prints is seen by nobody, and is no error", async (t) => {
  const code = { opa_eval: [...call(0, 1), 0x41, 0x80, 0xc0, 0x00] };
  t.equal((await evaluate(oddModule({ imports: ["env.opa_println"], code }), "a/b")).kind, "allowed");
});

t.test("a module that is not the plan's has changed, and a store that is gone is thrown on", async (t) => {
  const policy = policyOf(decisions, "packrun/allow");
  const asked = (read: () => AsyncIterable<Uint8Array>) => policyEngine({ read }).evaluate(policy, context);
  t.match(await asked(() => Readable.from([compiled("asking.wasm")])), { kind: "changed", why: /digest/ });
  t.match(await asked(() => Readable.from([new Uint8Array(MAX_MODULE_BYTES), new Uint8Array(1)])), {
    kind: "changed",
    why: /larger than/,
  });
  const failing = (code: string) =>
    async function* fail(): AsyncIterable<Uint8Array> {
      yield decisions.subarray(0, 10);
      throw new StoreError({ code, message: "gone" });
    };
  t.match(await asked(failing("ARTIFACT_MISSING")), { kind: "changed", why: /ARTIFACT_MISSING/ });
  t.match(await asked(failing("ARTIFACT_CORRUPT")), { kind: "changed", why: /ARTIFACT_CORRUPT/ });
  await t.rejects(asked(failing("STORE_UNAVAILABLE")), StoreError);
});

t.test("CEL is decided beside it", async (t) => {
  const expression = "inputs.limit == 3";
  const cel: Policy = { engine: "cel", expression, digest: moduleDigest(Buffer.from(expression)) };
  const engine = policyEngine({ read: () => Readable.from([]) });
  t.strictSame(await engine.evaluate(cel, context), { kind: "allowed" });
});
