import { digestOf, digestOfHex, type Digest, type Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { PACK_FILE, treeDigest, type FileEntry } from "#pack/pack-files.ts";
import type { Pack } from "#pack/pack.ts";
import { readPack } from "#pack/read-pack.ts";
import type { BuiltInRules } from "./built-in-rule.ts";
import { planCodes } from "./codes.ts";
import { compilePlan, type CompiledPlan } from "./compile-plan.ts";
import { lockedInputs, readInputsLock } from "./inputs-lock.ts";
import type { Plan } from "./plan.ts";

/** A pack as it was read, and the digest of all its files: the same bytes are the same pack. */
export type KnownPack = { readonly digest: Digest; readonly pack: Pack };

export type RecompileRequest = {
  /** The stored copies that belong to the run. */
  readonly packBytes: Uint8Array;
  readonly packListing: readonly FileEntry[];
  readonly inputsLock: Uint8Array;
  /** Only names and sizes of file inputs are taken from it: an inputs lock does not hold them. */
  readonly pinned: Pick<Plan, "inputs"> | undefined;
  /** Taken when the stored copy is exactly this pack; what it compiles to is found anew all the same. */
  readonly known?: KnownPack;
  readonly builtIns: BuiltInRules;
  readonly sha256: Sha256;
};

/**
 * Compiles the plan of a run anew from the stored copies. The caller compares its bytes with the pinned ones.
 * Faults: INPUTS_LOCK_FILE; PLAN_DRIFT, when the copy of the pack is not the one that the listing names or compiles no
 * more.
 */
export function recompilePlan(request: RecompileRequest): Result<CompiledPlan> {
  const { packBytes, packListing, pinned, known, builtIns, sha256 } = request;
  const listed = packListing.find(({ path }) => path === PACK_FILE);
  if (listed === undefined || digestOfHex(listed.sha256) !== digestOf(packBytes, sha256)) {
    return drifted("/pack/digest");
  }
  const lock = readInputsLock(request.inputsLock);
  const inputs = lock.ok ? lockedInputs(lock.value, pinned, sha256) : lock;
  if (!inputs.ok) {
    return inputs;
  }
  const packDigest = treeDigest(packListing, sha256);
  const pack =
    known?.digest === packDigest ? ok(known.pack) : readPack(packBytes, { file: PACK_FILE, files: packListing });
  const compiled = pack.ok
    ? compilePlan({
        pack: pack.value,
        packDigest,
        packFiles: packListing,
        inputs: inputs.value,
        builtIns,
        sha256,
      })
    : pack;
  return compiled.ok ? compiled : drift(compiled.fault);
}

function drift([first]: readonly Diagnostic[]): Result<never> {
  const hint = first === undefined ? {} : { hint: `the stored pack compiles no more: ${first.code} ${first.message}` };
  return drifted("/steps", hint);
}

/** The lock is not the one that the run was created with, whatever it compiles to; `problem` says how. */
export function lockDrifted(problem: string): Result<never> {
  const place = { file: "inputs.lock", pointer: "/inputs" };
  const data = { node: "inputs.lock", pointer: place.pointer };
  return fail({ ...faultOf(planCodes, "PLAN_DRIFT", data, { place }), message: `the stored inputs.lock ${problem}` });
}

/** The stored copy of the pack is not the one that the run was planned from. `pointer` leads into the plan. */
export function drifted(pointer: string, more: { readonly hint?: string } = {}): Result<never> {
  const place = { file: PACK_FILE, pointer };
  return fail(faultOf(planCodes, "PLAN_DRIFT", { node: PACK_FILE, pointer }, { place, ...more }));
}
