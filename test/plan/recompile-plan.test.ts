import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { hexOf, digestOf } from "#canon/digest.ts";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import { treeDigest, type FileEntry } from "#pack/pack-files.ts";
import { compilePlan } from "#plan/compile-plan.ts";
import { firstDifference } from "#plan/first-difference.ts";
import { inputsLock } from "#plan/inputs-lock.ts";
import { readPlan } from "#plan/read-plan.ts";
import { recompilePlan, type KnownPack, type RecompileRequest } from "#plan/recompile-plan.ts";
import {
  digestOfDigits,
  golden,
  packAround,
  packOf,
  planOf,
  sampleBuiltIns,
  sampleFiles,
  sampleInputs,
  sha256,
} from "./sample-plan.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function stored(text: string) {
  const packBytes = bytesOf(text);
  const own: FileEntry = {
    path: "pack.yaml",
    mode: "644",
    size: packBytes.length,
    sha256: hexOf(digestOf(packBytes, sha256)),
  };
  const packListing = [...sampleFiles, own].sort((a, b) => (a.path < b.path ? -1 : 1));
  const compiled = compilePlan({
    pack: packOf(text, packListing),
    packDigest: treeDigest(packListing, sha256),
    packFiles: packListing,
    inputs: sampleInputs,
    builtIns: sampleBuiltIns,
    sha256,
  });
  if (!compiled.ok) {
    throw new Error(compiled.fault[0]?.message);
  }
  const { plan, planHash, bytes } = compiled.value;
  const tenantId = parseTenantId("default") as TenantId;
  const lock = inputsLock({ plan, planHash, tenantId, sources: {}, providers: new Map(), sha256 });
  return {
    bytes,
    request: { packBytes, packListing, inputsLock: lock, pinned: plan, builtIns: sampleBuiltIns, sha256 },
  };
}

const pack = packAround(
  '- {id: a, run: {command: [./bin/tool, "${{ inputs.archive.path }}", "${{ inputs.channel }}"]}}',
);

t.test("the stored copies compile to the pinned bytes", async (t) => {
  const { bytes, request } = stored(pack);
  const again = recompilePlan(request);
  t.ok(again.ok);
  t.strictSame(again.ok && again.value.bytes, bytes);
});

t.test("a pack that was read before stands for its own bytes only", async (t) => {
  const { bytes, request } = stored(pack);
  const other = stored(pack.replace("{id: a,", "{id: a, idempotent: true,"));
  const knownOf = ({ packBytes, packListing }: RecompileRequest): KnownPack => ({
    digest: treeDigest(packListing, sha256),
    pack: packOf(new TextDecoder().decode(packBytes), packListing),
  });
  const known = knownOf(request);
  for (let time = 0; time < 2; time += 1) {
    t.match(recompilePlan({ ...request, known }), { ok: true, value: { bytes } });
  }
  t.match(recompilePlan({ ...request, known: knownOf(other.request) }), { ok: true, value: { bytes } });
  t.match(recompilePlan({ ...request, packBytes: bytesOf(`${pack}# more\n`), known }), {
    ok: false,
    fault: { code: "PLAN_DRIFT" },
  });
});

t.test("a pack that is not the listed one is drift, and so is one that compiles no more", async (t) => {
  const { request } = stored(pack);
  t.match(recompilePlan({ ...request, packBytes: bytesOf(`${pack}# more\n`) }), {
    ok: false,
    fault: { code: "PLAN_DRIFT", data: { pointer: "/pack/digest" } },
  });
  t.match(recompilePlan({ ...request, packListing: [] }), { ok: false, fault: { code: "PLAN_DRIFT" } });
  t.match(recompilePlan({ ...request, inputsLock: bytesOf("{}") }), { ok: false, fault: { code: "INPUTS_LOCK_FILE" } });
  const lock = JSON.parse(new TextDecoder().decode(request.inputsLock)) as { readonly inputs: Record<string, unknown> };
  const { channel: _channel, ...others } = lock.inputs;
  t.match(recompilePlan({ ...request, inputsLock: canonicalBytes({ ...lock, inputs: others }) }), {
    ok: false,
    fault: { code: "PLAN_DRIFT", hint: /EXPR_ABSENT/ },
  });
});

t.test("another policy module is drift in two places, so that none needs to be looked into again", async (t) => {
  const rego = "always: {engine: rego, module: policies/licences.wasm, entrypoint: packrun/allow}";
  const gate = packAround("- {id: g, gate: {policy: always}}").replace(/always: \{engine: cel[^}]*\}/, rego);
  const { bytes, request } = stored(gate);
  const other = (file: FileEntry): FileEntry => ({ ...file, sha256: "0".repeat(64) });
  const packListing = request.packListing.map((file) => (file.path.endsWith(".wasm") ? other(file) : file));
  const swapped = recompilePlan({ ...request, packListing });
  t.ok(swapped.ok);
  if (swapped.ok) {
    t.notSame(swapped.value.bytes, bytes);
    t.not(swapped.value.plan.pack.digest, request.pinned.pack.digest);
    t.match(request.pinned.policies, { always: { module: "policies/licences.wasm" } });
    t.strictNotSame(swapped.value.plan.policies, request.pinned.policies);
  }
});

t.test("other locked inputs compile to other bytes, and the first difference says where", async (t) => {
  const { bytes, request } = stored(pack);
  const other = stored(pack.replace("{id: a,", "{id: a, idempotent: true,"));
  t.strictSame(firstDifference(bytes, other.bytes), { node: "", pointer: "/pack/digest" });
  const again = recompilePlan(request);
  t.equal(again.ok ? firstDifference(bytes, again.value.bytes) : "failed", undefined);
});

t.test("the first difference names the node that it lies in", async (t) => {
  const before = planOf(golden("mirror.yaml"), {
    hosts: { type: "array", value: ["eu"] },
    db: { type: "file", name: "db.tar", size: 1, digest: digestOfDigits("9a") },
  });
  const steps = before.steps.map((node) =>
    node.kind === "run" && node.id === "push[*]::send" ? { ...node, idempotent: true } : node,
  );
  const bytes = canonicalBytes(before);
  t.strictSame(firstDifference(bytes, canonicalBytes({ ...before, steps })), {
    node: "push[*]::send",
    pointer: "/steps/4/idempotent",
  });
  t.strictSame(firstDifference(bytes, canonicalBytes({ ...before, finally: [] })), {
    node: "tidy",
    pointer: "/finally/0",
  });
  t.strictSame(firstDifference(bytes, bytesOf("no plan")), { node: "", pointer: "" });
});

t.test("a plan file is read back exactly as it was written, and nothing else is", async (t) => {
  const { bytes, request } = stored(pack);
  t.strictSame(readPlan(bytes), { ok: true, value: request.pinned });
  for (const wrong of [bytesOf("{}"), bytesOf("x"), bytesOf(`${new TextDecoder().decode(bytes)}\n`)]) {
    t.match(readPlan(wrong), { ok: false, fault: { code: "PLAN_FILE" } });
  }
});
