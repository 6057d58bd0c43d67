import { digestOfHex } from "#canon/digest.ts";
import { concatBytes } from "#canon/bytes.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import { PACK_FILE, type FileEntry } from "#pack/pack-files.ts";
import type { Plan } from "#plan/plan.ts";
import { drifted, recompilePlan, type KnownPack } from "#plan/recompile-plan.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { LedgerStore, RunIdentity } from "#port/run-store.ts";
import type { Workplace } from "./workplace.ts";

/** What the caller has read already: it is not read again. */
export type Recompiling = { readonly pinned?: Plan | undefined; readonly known?: KnownPack | undefined };

/**
 * The canonical bytes of a run's plan, compiled anew from the copies that were stored when it was created: its pack
 * manifest, its `pack.yaml` by digest, its inputs lock. Faults: those of `recompilePlan` and of the store.
 */
export async function recompileStored(
  identity: RunIdentity,
  workplace: Pick<Workplace, "store" | "artifacts" | "sha256" | "builtIns" | "recompile">,
  { pinned, known }: Recompiling = {},
): Promise<Result<Uint8Array>> {
  const { store, sha256, builtIns } = workplace;
  const manifest = await store.ledger.getFile(identity, "pack.manifest.json");
  const listing = manifest.ok ? readCanonicalJson(manifest.value, "pack.manifest.json") : manifest;
  const lock = await store.ledger.getFile(identity, "inputs.lock");
  if (!listing.ok) {
    return listing;
  }
  if (!lock.ok) {
    return lock;
  }
  const packListing = listing.value as readonly FileEntry[];
  const packBytes = await readPackBytes(packListing, identity, workplace);
  if (!packBytes.ok) {
    return packBytes;
  }
  const before = pinned ?? (await readPinned(identity, store.ledger));
  const stored = { packBytes: packBytes.value, packListing, inputsLock: lock.value };
  if (workplace.recompile !== undefined) {
    return workplace.recompile({ ...stored, pinned: before === undefined ? undefined : { inputs: before.inputs } });
  }
  const compiled = recompilePlan({
    ...stored,
    pinned: before,
    builtIns,
    sha256,
    ...(known === undefined ? {} : { known }),
  });
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
