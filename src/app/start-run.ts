import { runRequestPredicate } from "#attest/run-request.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf, digestOfHex } from "#canon/digest.ts";
import type { RunId } from "#canon/ids.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { ok, type Result } from "#fault/result.ts";
import type { RunIdentity, RunQueue } from "#port/run-store.ts";
import type { SecretReference } from "#port/secrets.ts";
import type { CommandBody } from "#run/command.ts";
import { initialState } from "#run/state.ts";
import { turn } from "#run/turn.ts";
import { freezeFile, freezeTree } from "./freeze.ts";
import type { RegisteredPack } from "./registered-pack.ts";
import { lockInputs, type PlannedPack } from "./plan-pack.ts";
import type { RequestTrust } from "./run-trust.ts";
import { QUEUE_FILE, queueBytes, rowOf } from "./run-row.ts";
import type { Reuse } from "./steps-to-reuse.ts";
import { signStatement, type SignedStatement } from "./sign-statement.ts";
import type { Workplace } from "./workplace.ts";

type StartOptions = {
  /** An id that was chosen before; a new one unless given. Where there is another run of this id: RUN_EXISTS. */
  readonly runId?: RunId | undefined;
  readonly registered?: Pick<RegisteredPack, "evidence"> | undefined;
  /** For a run that is left to a service. */
  readonly queue?: RunQueue;
  /** Steps of an earlier run of the same plan. */
  readonly reuse?: Reuse | undefined;
};

/**
 * Creates a run of a planned pack: pack and inputs are copied by digest, the request is signed, and the ledger begins. What
 * came from the registry carries what its publisher signed.
 * After a crash there is either a whole run or none.
 */
export async function startRun(
  planned: PlannedPack,
  references: ReadonlyMap<string, SecretReference>,
  workplace: Workplace,
  trust: RequestTrust,
  { registered, queue, reuse, runId = workplace.chance.runId() }: StartOptions = {},
): Promise<Result<RunIdentity>> {
  const frozen = await freeze(planned, workplace);
  if (!frozen.ok) {
    return frozen;
  }
  const identity: RunIdentity = {
    tenantId: workplace.settings.tenantId,
    runId,
    trustDomain: trust.root.document.trustDomain,
    planHash: planned.compiled.planHash,
  };
  const request = await signRunRequest(identity, workplace, trust);
  if (!request.ok) {
    return request;
  }
  const lock = lockInputs(planned, identity.tenantId, references, workplace.sha256);
  const files = new Map<string, Uint8Array>([
    ["plan.canonical.json", planned.compiled.bytes],
    ["inputs.lock", lock],
    ["pack.manifest.json", canonicalBytes(planned.packListing)],
    ["request.sigstore.json", request.value.sidecar],
    ["trust/trust-root.json", trust.rootBytes],
    ...(registered?.evidence ?? []),
    ...(queue === undefined ? [] : ([[QUEUE_FILE, queueBytes(queue)]] as const)),
  ]);
  const state = initialState(planned.compiled.plan, identity);
  const { sha256, clock } = workplace;
  const metadata = {
    requestedBy: trust.principal,
    requestDigest: request.value.payloadDigest,
    inputsLock: digestOf(lock, sha256),
    packDigest: planned.compiled.plan.pack.digest,
    packSource: registered === undefined ? ("folder" as const) : ("registry" as const),
  };
  const create: CommandBody =
    reuse === undefined
      ? { kind: "create", metadata }
      : { kind: "create", metadata: { ...metadata, from: reuse.from }, reused: reuse.steps };
  const events = turn(state, [{ id: "create", ...create }], { now: clock.now(), sha256 });
  const created = await workplace.store.ledger.create(identity, files, events);
  const put = created.ok ? await workplace.store.index.put(rowOf(identity, state, queue)) : created;
  return put.ok ? ok(identity) : put;
}

async function signRunRequest(
  identity: RunIdentity,
  workplace: Workplace,
  trust: RequestTrust,
): Promise<Result<SignedStatement>> {
  const { runId, tenantId, trustDomain, planHash } = identity;
  const draft = {
    predicate: runRequestPredicate,
    subjects: [{ name: "plan.canonical.json", digest: planHash }],
    value: {
      runId,
      tenantId,
      trustDomain,
      planHash,
      requestedBy: trust.principal,
      authn: trust.token === undefined ? { kind: "key" as const } : { kind: "token" as const, ...trust.token },
      requestedAt: timestampOf(workplace.clock.now()),
      nonce: workplace.chance.nonce(),
    },
  };
  return signStatement(trust.requester, draft, workplace);
}

/** Copies the pack and every file and directory input into the artifact store. */
async function freeze(planned: PlannedPack, { artifacts, settings }: Workplace): Promise<Result<void>> {
  const pack = { root: planned.packFolder, listing: planned.packListing };
  const packed = await freezeTree(pack, "the pack", artifacts, settings.tenantId);
  if (!packed.ok) {
    return packed;
  }
  for (const input of planned.inputFiles) {
    const what = `input ${input.name}`;
    const kept =
      input.kind === "file"
        ? await freezeFile(input.path, digestOfHex(input.sha256), what, artifacts, settings.tenantId)
        : await freezeTree({ root: input.path, listing: input.listing }, what, artifacts, settings.tenantId);
    if (!kept.ok) {
      return kept;
    }
  }
  return ok(undefined);
}
