import { digestOf, digestOfHex, type Digest } from "#canon/digest.ts";
import { concatBytes } from "#canon/bytes.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import { PACK_FILE, type FileEntry } from "#pack/pack-files.ts";
import type { Plan } from "#plan/plan.ts";
import { drifted, lockDrifted, recompilePlan, type KnownPack } from "#plan/recompile-plan.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { LedgerStore, RunIdentity } from "#port/run-store.ts";
import type { Workplace } from "./workplace.ts";

/** What the caller has read already: it is not read again. */
export type Recompiling = {
  readonly pinned?: Plan | undefined;
  readonly known?: KnownPack | undefined;
  /** Digest of the lock that the run was created with; another one is drift, also where it compiles to the same plan. */
  readonly inputsLock?: Digest | undefined;
};

/**
 * The canonical bytes of a run's plan, compiled anew from the copies that were stored when it was created: its pack
 * manifest, its `pack.yaml` by digest, its inputs lock. Faults: those of `recompilePlan`, PLAN_DRIFT and those of the store.
 */
export async function recompileStored(
  identity: RunIdentity,
  workplace: Pick<Workplace, "store" | "artifacts" | "sha256" | "builtIns" | "recompile">,
  { pinned, known, inputsLock }: Recompiling = {},
): Promise<Result<Uint8Array>> {
  const { store, sha256, builtIns } = workplace;
  const manifest = await store.ledger.getFile(identity, "pack.manifest.json");
  const listing = manifest.ok ? readCanonicalJson(manifest.value, "pack.manifest.json") : manifest;
  const lock = await store.ledger.getFile(identity, "inputs.lock");
  if (!listing.ok) {
    return listing;
  }
  if (!lock.ok) {
    return lock.fault.code === "FILE_MISSING" ? lockDrifted("is gone") : lock;
  }
  const packListing = listing.value as readonly FileEntry[];
  const packBytes = await readPackBytes(packListing, identity, workplace);
  if (!packBytes.ok) {
    return packBytes;
  }
  const before = pinned ?? (await readPinned(identity, store.ledger));
  const stored = { packBytes: packBytes.value, packListing, inputsLock: lock.value };
  const compiled =
    workplace.recompile === undefined
      ? bytesOf(
          recompilePlan({ ...stored, pinned: before, builtIns, sha256, ...(known === undefined ? {} : { known }) }),
        )
      : await workplace.recompile({ ...stored, pinned: before === undefined ? undefined : { inputs: before.inputs } });
  // Last: where the plan differs as well, its place says more.
  const isOther = inputsLock !== undefined && digestOf(lock.value, sha256) !== inputsLock;
  return compiled.ok && isOther && digestOf(compiled.value, sha256) === identity.planHash
    ? lockDrifted("is not the one that the run was created with")
    : compiled;
}

function bytesOf(compiled: ReturnType<typeof recompilePlan>): Result<Uint8Array> {
  return compiled.ok ? ok(compiled.value.bytes) : compiled;
}

async function readPinned(identity: RunIdentity, ledger: LedgerStore): Promise<Plan | undefined> {
  const stored = await ledger.getFile(identity, "plan.canonical.json");
  const pinned = stored.ok ? readPlan(stored.value) : stored;
  return pinned.ok ? pinned.value : undefined;
}

async function readPackBytes(
  listing: readonly FileEntry[],
  { tenantId }: RunIdentity,
  { artifacts }: Pick<Workplace, "artifacts">,
): Promise<Result<Uint8Array>> {
  const listed = listing.find(({ path }) => path === PACK_FILE);
  if (listed === undefined) {
    return drifted("/pack/digest");
  }
  try {
    const chunks = await Array.fromAsync(artifacts.open(tenantId, digestOfHex(listed.sha256)));
    return ok(concatBytes(...chunks));
  } catch (error) {
    if (error instanceof StoreError) {
      return fail(error.fault);
    }
    throw error;
  }
}
