import type { Digest } from "#canon/digest.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { driveRun, type DriveEnd, type DriveOptions } from "#engine/drive-run.ts";
import type { DigestedPlan } from "#engine/take-over.ts";
import { ok, type Result } from "#fault/result.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import type { Plan } from "#plan/plan.ts";
import type { KnownPack } from "#plan/recompile-plan.ts";
import type { GateKeeper } from "#port/gate-keeper.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { Metadata } from "#run/event.ts";
import type { Redactor, SecretReference } from "#port/secrets.ts";
import { attemptPreparer } from "#step/run/prepare-attempt.ts";
import type { VerifierName } from "#evidence/evidence-manifest.ts";
import { Workspace } from "#step/run/workspace.ts";
import { teachSecrets } from "./check-secrets.ts";
import { gateKeeper } from "./gate-keeper.ts";
import { recompileStored } from "./recompile-stored.ts";
import type { RunTrust } from "./run-trust.ts";
import { snapshotKeeper } from "./snapshot-keeper.ts";
import { readStoredPlan } from "./stored-plan.ts";
import type { Workplace } from "./workplace.ts";

export type StoredDrive = Omit<DriveOptions, "onWritten"> & {
  readonly references: ReadonlyMap<string, SecretReference>;
  /** The pack as this process has just read it. */
  readonly known?: KnownPack;
  /** Whom snapshots recommend; the verifier of this package unless given. */
  readonly verifier?: VerifierName;
};

/** Drives a run that stands in the store, whoever created it: everything it needs comes from the run's own copies. */
export async function driveStoredRun(
  identity: RunIdentity,
  workplace: Workplace,
  trust: RunTrust,
  options: StoredDrive,
): Promise<Result<DriveEnd>> {
  const { store, artifacts, clock, sha256, engine, onWritten } = workplace;
  const given = await readStored(identity, workplace);
  if (!given.ok) {
    return given;
  }
  const { plan, digest, packListing, inputsLock } = given.value;
  const folder = workplace.workspace();
  if (!folder.ok) {
    return folder;
  }
  const redactor = await redactorOf(identity, plan, workplace, options);
  if (!redactor.ok) {
    return redactor;
  }
  const runner = workplace.runner(Math.max(1, options.maxParallel), options.references.values());
  await using closing = new AsyncDisposableStack();
  closing.defer(() => runner.close());
  // Closed before the runner, which then removes the folder that both lie in.
  await using workspace = new Workspace(folder.value, artifacts, identity.tenantId);
  const attempts = attemptPreparer({
    runner,
    workspace,
    artifacts,
    artifactsPath: workplace.settings.artifactsPath,
    secrets: workplace.secrets,
    references: options.references,
    redactor: redactor.value,
    plan,
    packListing,
    builtIns: workplace.builtIns,
    egress: workplace.egress,
    sha256,
  });
  const { known } = options;
  const recompile = (pinned?: Plan): Promise<Result<Uint8Array>> =>
    recompileStored(identity, workplace, { pinned, known, inputsLock });
  // Awaited here: what is in use is closed when this function ends, not before.
  return await driveRun(
    identity,
    {
      store,
      clock,
      sha256,
      attempts,
      snapshots: snapshotKeeper({ identity, plan, attestor: trust.attestor, verifier: options.verifier }, workplace),
      gates: gatesOf(identity, given.value, () => recompile(), workplace, trust),
      policies: workplace.policies(identity.tenantId),
      redactor: redactor.value,
      engine,
      admit: (sandbox) => (options.maxParallel === 0 ? Promise.resolve(ok(undefined)) : runner.admit(sandbox)),
      recompile,
      known: { plan, digest },
    },
    onWritten === undefined ? options : { ...options, onWritten },
  );
}

/**
 * Who starts steps knows every secret first. Marks are told apart by a key that stands with the run until it is sealed, so
 * that a resumed run goes on with it.
 */
async function redactorOf(
  identity: RunIdentity,
  plan: Plan,
  { store, redactor, secrets }: Workplace,
  { maxParallel, references }: StoredDrive,
): Promise<Result<Redactor>> {
  const isBlank = plan.security.secretsRedactionPolicy === "blank";
  const key = isBlank ? ok(undefined) : await store.redactionKeys.take(identity);
  if (!key.ok) {
    return key;
  }
  const made = key.value === undefined ? redactor() : redactor(key.value);
  const taught = maxParallel === 0 ? ok(undefined) : await teachSecrets(plan, references, secrets, made);
  return taught.ok ? ok(made) : taught;
}

type Stored = DigestedPlan & {
  readonly packListing: readonly FileEntry[];
  readonly requestedBy: string;
  readonly inputsLock: Digest | undefined;
};

function gatesOf(
  identity: RunIdentity,
  { plan, requestedBy }: Stored,
  recompile: () => Promise<Result<Uint8Array>>,
  { store, clock, chance, sha256, verifySignature }: Workplace,
  trust: RunTrust,
): GateKeeper {
  const { ledger } = store;
  return gateKeeper({ identity, plan, recompile, requestedBy, trust, ledger, clock, chance, sha256, verifySignature });
}

async function readStored(identity: RunIdentity, workplace: Workplace): Promise<Result<Stored>> {
  const { store } = workplace;
  const read = await readStoredPlan(identity, workplace);
  if (!read.ok) {
    return read;
  }
  const manifest = await store.ledger.getFile(identity, "pack.manifest.json");
  const listing = manifest.ok ? readCanonicalJson(manifest.value, "pack.manifest.json") : manifest;
  if (!listing.ok) {
    return listing;
  }
  let created: Metadata<"run.created"> | undefined;
  for await (const event of store.ledger.read(identity)) {
    created = event.eventType === "run.created" ? event.metadata : undefined;
    break;
  }
  const { requestedBy = "", inputsLock } = created ?? {};
  return ok({ ...read.value, packListing: listing.value as readonly FileEntry[], requestedBy, inputsLock });
}
