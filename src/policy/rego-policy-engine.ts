import { createHash } from "node:crypto";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { concatBytes } from "#canon/bytes.ts";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import type { JsonObject } from "#canon/json.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { isSpoilt, StoreError } from "#fault/store-error.ts";
import { MAX_MODULE_BYTES } from "#plan/policy-module.ts";
import type { Policy } from "#plan/plan.ts";
import type { PolicyAnswer } from "#port/policy-engine.ts";
import { runRego, type RegoLimits } from "./run-rego.ts";

/** The largest context, in bytes of its canonical JSON: in a module's memory it takes some ten times that. */
const MAX_CONTEXT_BYTES = 8 * 1024 * 1024;

export type RegoPorts = {
  /** The bytes of a module of the plan, by its digest. */
  readonly read: (digest: Digest) => AsyncIterable<Uint8Array>;
  readonly limits?: RegoLimits;
};

/**
 * What a compiled Rego policy gives for a context, which is its `input`; `data` is empty. Only a clean `true` allows and
 * only a clean `false` denies. Throws a StoreError when the store of the modules is gone, for that decides nothing.
 */
export async function evaluateRego(
  policy: Extract<Policy, { engine: "rego" }>,
  context: JsonObject,
  { read, limits }: RegoPorts,
): Promise<PolicyAnswer> {
  const module = await moduleOf(policy, read);
  if (!module.ok) {
    return { kind: "changed", why: `${policy.module}: ${module.fault}` };
  }
  const input = inputOf(context);
  if (!input.ok) {
    return undecided(policy.module, input.fault);
  }
  const { entrypoint } = policy;
  const reply = await runRego({ module: module.value, evaluate: { entrypoint, input: input.value } }, limits);
  switch (reply.kind) {
    case "decided":
      return { kind: reply.value ? "allowed" : "denied" };
    case "problem":
      return undecided(policy.module, reply.problem);
    case "module":
      return undecided(policy.module, "it was not evaluated");
  }
}

/** The module, when it is still the one that the plan names. */
async function moduleOf(
  { digest }: Extract<Policy, { engine: "rego" }>,
  read: RegoPorts["read"],
): Promise<Result<Uint8Array, string>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of read(digest)) {
      size += part.length;
      if (size > MAX_MODULE_BYTES) {
        return fail(`it is larger than ${MAX_MODULE_BYTES} bytes`);
      }
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof StoreError && isSpoilt(error.fault)) {
      return fail(`it cannot be read: ${error.fault.code}`);
    }
    throw error;
  }
  const module = concatBytes(...parts);
  return digestOf(module, sha256) === digest ? ok(module) : fail("it is not the one that the policy's digest names");
}

function inputOf(context: JsonObject): Result<Uint8Array, string> {
  try {
    const input = canonicalBytes(context);
    return input.length <= MAX_CONTEXT_BYTES ? ok(input) : fail(`its input is larger than ${MAX_CONTEXT_BYTES} bytes`);
  } catch (error) {
    // Too deep for the stack, or a string that no JSON can carry.
    return fail(error instanceof Error ? error.message : "its input cannot be written as JSON");
  }
}

function undecided(module: string, why: string): PolicyAnswer {
  return { kind: "undecided", why: `${module}: ${why}` };
}

const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();
