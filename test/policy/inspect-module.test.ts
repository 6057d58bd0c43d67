import t from "tap";
import { MAX_MODULE_BYTES, missingBuiltins } from "#plan/policy-module.ts";
import { moduleInspector } from "#policy/inspect-module.ts";
import { compiled } from "./rego-module.ts";
import { call, FOREVER, GREEDY, indexOf, oddModule, type OddModule } from "./wasm-module.ts";

const inspect = moduleInspector();

t.test("a module says what can be asked of it, and what it asks for", async (t) => {
  const found = await inspect(compiled("decisions.wasm"));
  t.match(found, { ok: true, value: { builtins: ["sprintf"] } });
  t.ok(found.ok && found.value.entrypoints.includes("packrun/allow"));
  t.strictSame(found.ok ? missingBuiltins(found.value) : undefined, []);
  const asking = await inspect(compiled("asking.wasm"));
  t.strictSame(asking.ok ? missingBuiltins(asking.value) : undefined, [
    "http.send",
    "opa.runtime",
    "rand.intn",
    "regex.split",
    "time.now_ns",
  ]);
});

t.test("the same module says the same again", async (t) => {
  t.strictSame(await inspect(oddModule({})), { ok: true, value: { entrypoints: ["a/b"], builtins: [] } });
  t.strictSame(await inspect(oddModule({ entrypoints: '{"b":1,"a":0}', builtins: '{"z":1,"y":0}' })), {
    ok: true,
    value: { entrypoints: ["a", "b"], builtins: ["y", "z"] },
  });
});

t.test("what is no policy is refused with its reason", async (t) => {
  const cases: readonly (readonly [OddModule, RegExp])[] = [
    [{ imports: ["env.escape"] }, /imports env\.escape, which is not of OPA's ABI/],
    [{ imports: ["wasi_snapshot_preview1.fd_write"] }, /imports wasi_snapshot_preview1\.fd_write/],
    [{ abi: 2 }, /unsupported ABI version 2/],
    [{ without: "builtins" }, /\S/],
    [{ without: "entrypoints" }, /\S/],
    [{ without: "opa_json_dump" }, /\S/],
    [{ builtins: "no JSON" }, /JSON/],
    [{ entrypoints: "{" }, /JSON/],
    [{ pages: 4000 }, /memory/],
    [{ code: { builtins: GREEDY } }, /unreachable/],
    [{ code: { entrypoints: [...call(indexOf("entrypoints"), 0)] } }, /call stack/],
  ];
  for (const [odd, problem] of cases) {
    const found = await inspect(oddModule(odd));
    t.match(found, { ok: false, fault: problem }, JSON.stringify(odd));
  }
  t.match(await inspect(Buffer.from("package packrun")), { ok: false, fault: /magic word/ });
  t.match(await inspect(new Uint8Array(0)), { ok: false });
  t.match(await inspect(new Uint8Array(MAX_MODULE_BYTES + 1)), { ok: false, fault: /larger than 8388608 bytes/ });
});

t.test("a module that is never ready is ended", async (t) => {
  const hasty = moduleInspector({ timeoutMs: 1500, maxPages: 64 });
  for (const name of ["builtins", "entrypoints"] as const) {
    t.match(await hasty(oddModule({ code: { [name]: FOREVER } })), {
      ok: false,
      fault: "it was not done after 1500 ms",
    });
  }
});
