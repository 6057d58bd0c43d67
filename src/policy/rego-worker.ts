import { parentPort, workerData } from "node:worker_threads";
import { loadPolicy, type LoadedPolicy } from "@open-policy-agent/opa-wasm";
import { missingBuiltins, type PolicyModule } from "#plan/policy-module.ts";
import type { RegoJob, RegoReply } from "./rego-job.ts";

// A thread of its own for one job on one module, which may be anything: whoever started it ends it when it takes too
// long. The module gets a memory, and functions that stop it, print nothing, and answer its built-ins.

/** The WebAssembly imports of a compiled policy (OPA, "Integrating: ABI"). */
const IMPORTS = /^env\.(?:memory|opa_abort|opa_println|opa_builtin[0-4])$/;
/** Pages of 64 KiB that a module begins with. */
const INITIAL_PAGES = 32;
/** The longest list that a module may give of itself, in bytes. */
const MAX_LIST = 1024 * 1024;

/** What is used of WebAssembly: its types come with those of browsers only. */
type Wasm = {
  readonly Module: (new (bytes: Uint8Array<ArrayBuffer>) => object) & {
    readonly imports: (module: object) => readonly { readonly module: string; readonly name: string }[];
  };
};
type Memory = { readonly initial: number; readonly maximum: number };
const load = loadPolicy as unknown as (module: object, memory: Memory) => Promise<LoadedPolicy>;
const { Module } = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;

/** What is used of a policy beyond what its own types say. */
type Loaded = {
  readonly mem: { readonly buffer: ArrayBuffer };
  readonly wasmInstance: {
    readonly exports: { readonly builtins: () => number; readonly opa_json_dump: (value: number) => number };
  };
};

console.log = () => undefined;
console.error = () => undefined;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
parentPort?.postMessage(await replyTo(workerData as RegoJob));

async function replyTo(job: RegoJob): Promise<RegoReply> {
  try {
    const module = new Module(Uint8Array.from(job.module));
    const odd = Module.imports(module).find((each) => !IMPORTS.test(`${each.module}.${each.name}`));
    if (odd !== undefined) {
      return problem(`it imports ${odd.module}.${odd.name}, which is not of OPA's ABI`);
    }
    const policy = await load(module, { initial: INITIAL_PAGES, maximum: job.maxPages });
    const facts = factsOf(policy);
    return job.evaluate === undefined ? { kind: "module", ...facts } : evaluate(policy, facts, job.evaluate);
  } catch (error) {
    // Of OPA's runtime some errors are plain texts, or objects with a message.
    return problem(typeof error === "string" ? error : messageOf(error));
  }
}

function evaluate(policy: LoadedPolicy, facts: PolicyModule, asked: NonNullable<RegoJob["evaluate"]>): RegoReply {
  const [missing] = missingBuiltins(facts);
  if (missing !== undefined) {
    return problem(`it needs ${missing}, which no policy gets`);
  }
  const results = policy.evaluate(Uint8Array.from(asked.input).buffer, asked.entrypoint) as unknown;
  if (!Array.isArray(results) || results.length !== 1) {
    const count = Array.isArray(results) ? results.length : "no list of";
    return problem(count === 0 ? `${asked.entrypoint} is undefined` : `it gave ${count} results`);
  }
  const [first] = results as readonly unknown[];
  const value = typeof first === "object" && first !== null && "result" in first ? first.result : undefined;
  return typeof value === "boolean"
    ? { kind: "decided", value }
    : problem(`${asked.entrypoint} gave ${kindOf(value)}, not true or false`);
}

/** What the module lists; `entrypoints` were read when it was loaded. */
function factsOf(policy: LoadedPolicy): PolicyModule {
  const { wasmInstance, mem } = policy as unknown as Loaded;
  const { builtins, opa_json_dump } = wasmInstance.exports;
  const from = opa_json_dump(builtins());
  const heap = new Uint8Array(mem.buffer);
  const end = heap.indexOf(0, from);
  if (end < from || end - from > MAX_LIST) {
    throw new Error("its list of built-ins has no end");
  }
  const listed = JSON.parse(new TextDecoder().decode(heap.slice(from, end))) as object;
  return { entrypoints: Object.keys(policy.entrypoints as object).sort(), builtins: Object.keys(listed).sort() };
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) {
    return String(value);
  }
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function messageOf(error: unknown): string {
  const message = typeof error === "object" && error !== null && "message" in error ? error.message : undefined;
  return typeof message === "string" ? message : "it failed without a reason";
}

function problem(text: string): RegoReply {
  return { kind: "problem", problem: text.slice(0, 200) };
}
