import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import { tenantIdShape } from "#canon/id-shape.ts";
import type { TenantId } from "#canon/ids.ts";
import {
  anything,
  describeMisfit,
  digest,
  literal,
  misfitsOf,
  object,
  pointerOf,
  record,
  string,
  type Infer,
} from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planFileCodes } from "./plan-file-codes.ts";
import { NAME, VALUE_TYPES, type Plan, type PlanInput, type ValueType } from "./plan.ts";
import type { InputSource } from "./resolve-inputs.ts";

/** `inputs.lock`: with what a run was planned. Nothing in it is derived from the value of a secret. */
export const inputsLockShape = object({
  schema: literal("packrun.inputs-lock/v1"),
  planHash: digest(),
  tenantId: tenantIdShape,
  inputs: record(
    NAME,
    object(
      {
        type: literal(...VALUE_TYPES, "file", "directory"),
        source: literal("cli", "file", "api", "default"),
        digest: digest(),
      },
      { value: anything() },
    ),
    "a name",
  ),
  secrets: record(NAME, object({ provider: string({ min: 1 }), redacted: literal(true) }), "a name"),
});
export type InputsLock = Infer<typeof inputsLockShape>;

export type LockRequest = {
  readonly plan: Plan;
  readonly planHash: Digest;
  readonly tenantId: TenantId;
  readonly sources: Readonly<Record<string, InputSource>>;
  /** The scheme of each secret's reference (`env`, `file` …) by the secret's name. */
  readonly providers: ReadonlyMap<string, string>;
  readonly sha256: Sha256;
};

/** The bytes of `inputs.lock` (RFC 8785). Secrets that no step uses, or that have no reference yet, are absent. */
export function inputsLock({ plan, planHash, tenantId, sources, providers, sha256 }: LockRequest): Uint8Array {
  const inputs = Object.entries(plan.inputs).map(([name, input]) => {
    const source = sources[name] ?? "default";
    return [name, { type: input.type, source, ...lockedValue(input, sha256) }] as const;
  });
  const secrets = Object.entries(plan.secrets).flatMap(([name, { steps }]) => {
    const provider = steps.length === 0 ? undefined : providers.get(name);
    return provider === undefined ? [] : [[name, { provider, redacted: true }] as const];
  });
  const lock: InputsLock = {
    schema: "packrun.inputs-lock/v1",
    planHash,
    tenantId,
    inputs: Object.fromEntries(inputs),
    secrets: Object.fromEntries(secrets),
  };
  return canonicalBytes(lock);
}

function lockedValue(input: PlanInput, sha256: Sha256): { readonly digest: Digest; readonly value?: PlanValue } {
  return "digest" in input
    ? { digest: input.digest }
    : { digest: digestOfJson(input.value, sha256), value: input.value };
}

type PlanValue = Extract<PlanInput, { readonly type: ValueType }>["value"];

/** Reads the bytes of an `inputs.lock`. Fault: INPUTS_LOCK_FILE. */
export function readInputsLock(bytes: Uint8Array): Result<InputsLock> {
  const read = readCanonicalJson(bytes, "inputs.lock");
  if (!read.ok) {
    return broken(read.fault.message, "/inputs");
  }
  const [misfit] = misfitsOf(inputsLockShape, read.value);
  return misfit === undefined ? ok(read.value as InputsLock) : broken(describeMisfit(misfit), pointerOf(misfit.path));
}

function broken(problem: string, pointer: string): Result<never> {
  return fail(faultOf(planFileCodes, "INPUTS_LOCK_FILE", { problem }, { place: { file: "inputs.lock", pointer } }));
}

/**
 * The inputs to compile the plan anew with. Values and digests are those of the lock; names and sizes of files, which a
 * lock does not hold, are those of the pinned plan. Fault: INPUTS_LOCK_FILE, when a value is not that of its digest.
 */
export function lockedInputs(
  lock: InputsLock,
  pinned: Pick<Plan, "inputs"> | undefined,
  sha256: Sha256,
): Result<Readonly<Record<string, PlanInput>>> {
  const inputs: [string, PlanInput][] = [];
  for (const [name, { type, digest, value }] of Object.entries(lock.inputs)) {
    if (type === "file" || type === "directory") {
      inputs.push([name, lockedFile(type, digest, pinned?.inputs[name])]);
    } else if (value === undefined || digestOfJson(value, sha256) !== digest) {
      return broken(`input ${name} is not what its digest says`, pointerOf(["inputs", name, "value"]));
    } else {
      inputs.push([name, { type, value }]);
    }
  }
  return ok(Object.fromEntries(inputs));
}

function lockedFile(type: "file" | "directory", digest: Digest, pinned: PlanInput | undefined): PlanInput {
  const name = pinned !== undefined && "name" in pinned ? pinned.name : "";
  const size = pinned?.type === "file" ? pinned.size : 0;
  return type === "file" ? { type, name, size, digest } : { type, name, digest };
}
