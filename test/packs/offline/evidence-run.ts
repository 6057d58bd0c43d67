import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { readApprovalRequest } from "#attest/approval-request.ts";
import { requestPath } from "#app/approval-paths.ts";
import { approvalDraft } from "#app/approval-response.ts";
import type { Chance } from "#app/chance.ts";
import { driveStoredRun } from "#app/drive-stored-run.ts";
import { planPack } from "#app/plan-pack.ts";
import type { Plan } from "#plan/plan.ts";
import type { RegisteredPack } from "#app/registered-pack.ts";
import type { RequestTrust } from "#app/run-trust.ts";
import { sealRun } from "#app/seal-run.ts";
import { signStatement } from "#app/sign-statement.ts";
import { startRun } from "#app/start-run.ts";
import { Planner } from "#app/service/planner/planner.ts";
import type { Workplace } from "#app/workplace.ts";
import { toBase64 } from "#canon/base64.ts";
import type { VerifierName } from "#evidence/evidence-manifest.ts";
import { digestOfHex, hexOf } from "#canon/digest.ts";
import { parseRunId, type RunId } from "#canon/ids.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { ok, type Result } from "#fault/result.ts";
import { folderReader } from "#folder/folder-reader.ts";
import { moduleInspector } from "#policy/inspect-module.ts";
import { policyEngine } from "#policy/policy-engine.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { AttemptRequest, StepRunner } from "#port/step-runner.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import { createRedactor } from "#secret/redactor.ts";
import { builtIns } from "#step/built-ins.ts";
import { memoryArtifactStore } from "#store/memory/memory-artifact-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import { value } from "../../attest/signing.ts";
import { tickingClock, type TickingClock } from "../../port/ticking-clock.ts";
import { filesOf } from "../../verify/bundle-tools.ts";
import { keys, type Holder } from "./keys.ts";
import { listOf, START, trustRoot, type SampleSite } from "./site.ts";

export type EvidenceOrder = {
  /** The folder of the pack. */
  readonly pack: string;
  readonly registered?: RegisteredPack;
  readonly inputs?: readonly string[];
  /** Tells runs and nonces of one sample from those of another. */
  readonly number: number;
  /** The files that each step writes, by the name of its output. */
  readonly written: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Who decides on the gate, in this order. */
  readonly approvers?: readonly Holder[];
};

export type Evidence = {
  readonly identity: RunIdentity;
  readonly files: ReadonlyMap<string, Uint8Array>;
};

/** The same names, numbers and times every time. */
function chanceOf(number: number): Chance {
  let nonces = 0;
  return {
    runId: () => parseRunId(`019b8cc2-8400-7000-8000-${String(number).padStart(12, "0")}`) as RunId,
    nonce: () => `${number}${String((nonces += 1)).padStart(30, "0")}`.padStart(32, "0"),
  };
}

const enforced = (request: AttemptRequest) => ({
  mode: request.sandbox.mode,
  limits: {
    memoryBytes: { declared: request.sandbox.limits.memoryBytes, enforcedBy: "cgroup", level: "kernel-tree" as const },
    pids: { declared: request.sandbox.limits.pids, enforcedBy: "cgroup", level: "kernel-tree" as const },
  },
});

/** Stands in for the sandbox: nothing is executed, and every step writes what the sample says that it writes. */
function scriptedRunner({ written }: EvidenceOrder, artifacts: ArtifactStore, clock: TickingClock): StepRunner {
  const outcome = async ({ stepId, tenantId, outputs }: AttemptRequest): Promise<AttemptOutcome> => {
    const captured = await Promise.all(
      Object.entries(written[stepId] ?? {}).map(async ([name, text]) => {
        const kept = value(await artifacts.put(tenantId, single(Buffer.from(text))));
        const rule = outputs[name];
        const mediaType = rule !== undefined && "file" in rule ? rule.mediaType : undefined;
        return { name, ...kept, ...(mediaType === undefined ? {} : { mediaType }) };
      }),
    );
    return {
      kind: "succeeded",
      durationMs: 240,
      artifacts: captured.map((each) => ({ ...each, status: "captured" as const })),
      outputs: Object.fromEntries(captured.map(({ name, ...file }) => [name, { type: "file", ...file }])),
    };
  };
  return {
    examine: () => Promise.resolve([]),
    admit: () => Promise.resolve(ok(undefined)),
    prepare: (request) =>
      Promise.resolve(
        ok({
          enforced: enforced(request),
          start: async (sink) => {
            clock.tick(120);
            await sink({ stream: "stdout", lines: [`${request.stepId} is at work`] });
            clock.tick(120);
            return outcome(request);
          },
          stop: () => undefined,
          discard: () => Promise.resolve(),
        }),
      ),
    close: () => Promise.resolve(),
  };
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** What the use cases work with: real ones throughout, but for clock, chance, the stores in memory and the runner. */
function workplaceOf(order: EvidenceOrder, site: SampleSite, clock: TickingClock): Workplace {
  const { place } = site;
  const artifacts = memoryArtifactStore();
  const absent = (): never => {
    throw new Error("a sample has no secrets, no network and no keys in files");
  };
  return {
    settings: place.settings,
    clock,
    chance: chanceOf(order.number),
    sha256: place.sha256,
    verifySignature: place.verifySignature,
    folders: folderReader(),
    store: memoryRunStore({ clock, owner: "sample-runner" }),
    artifacts,
    requests: absent,
    policies: (tenantId) => policyEngine({ read: (digest) => artifacts.open(tenantId, digest) }),
    inspectModule: moduleInspector(),
    secrets: { resolve: absent },
    redactor: () => createRedactor(),
    runner: () => scriptedRunner(order, artifacts, clock),
    egress: { open: absent } as never,
    workspace: () => ok(mkdtempSync(join(site.folder, "workspace-"))),
    builtIns,
    keyring: { open: absent } as never,
    anchors: { source: { timestamp: absent, logEntry: absent }, prove: absent },
    password: absent,
    engine: { name: "packrun", version: "0.1.0" },
    planner: new Planner({ start: absent, seconds: 1, queue: 1 }),
  };
}

function trustOf({ sha256 }: Workplace): RequestTrust {
  const root = value(readTrustRoot(trustRoot, sha256));
  return {
    root,
    rootBytes: trustRoot,
    currentRoot: () => Promise.resolve(ok(root)),
    currentRevocations: () => Promise.resolve(ok(undefined)),
    attestor: keys.attestor.signer,
    openRequester: () => Promise.resolve(ok(keys.requester.signer)),
    requester: keys.requester.signer,
    principal: "requester",
    development: undefined,
  };
}

/** Plans, runs, approves and seals as packrun does. The same order gives the same files on every machine. */
export async function evidenceOf(order: EvidenceOrder, site: SampleSite): Promise<Evidence> {
  const clock = tickingClock(START);
  const workplace = workplaceOf(order, site, clock);
  const trust = trustOf(workplace);
  const planned = await planPack({ pack: order.pack, inputs: order.inputs ?? [], cwd: site.folder }, workplace);
  if (!planned.ok) {
    throw new Error(`${order.pack} has no plan: ${JSON.stringify(planned.fault)}`);
  }
  const registered = order.registered === undefined ? {} : { registered: order.registered };
  const identity = value(await startRun(planned.value, new Map(), workplace, trust, registered));
  const drive = async (): Promise<string> => {
    clock.tick(10);
    const options = { references: new Map(), maxParallel: 1, wait: false, cancelBy: "requester", verifier };
    return value(await driveStoredRun(identity, workplace, trust, options)).end;
  };
  let end = await drive();
  for (const approver of order.approvers ?? []) {
    clock.tick(60_000);
    await approve(identity, approver, workplace);
    end = await drive();
  }
  if (end !== "finished") {
    throw new Error(`the sample's run is ${end}`);
  }
  return { identity, files: await seal(identity, planned.value.compiled.plan, workplace, site) };
}

/** The first gate that was asked for; samples have one. */
const GATE = "release";

async function approve(identity: RunIdentity, approver: Holder, workplace: Workplace): Promise<void> {
  const { store, clock } = workplace;
  const file = value(await store.ledger.getFile(identity, requestPath(GATE)));
  const request = value(readApprovalRequest(file));
  const draft = approvalDraft(
    request,
    { decision: "approve", approver, reason: "read and found right" },
    timestampOf(clock.now()),
  );
  const signed = value(await signStatement(keys[approver].signer, draft, workplace));
  const body = { gate: GATE, response: toBase64(signed.sidecar) };
  const commandId = `decision:${hexOf(signed.payloadDigest)}`;
  value(await store.inbox.put(identity, { commandId, kind: "decision", body }));
}

/** Of no file: samples must not change whenever the verifier does. */
const verifier: VerifierName = {
  name: "verify_offline_bundle.mjs",
  version: "0.1.0",
  digest: digestOfHex("0".repeat(64)),
};

async function seal(
  identity: RunIdentity,
  plan: Plan,
  { store, artifacts, sha256, verifySignature, engine }: Workplace,
  site: SampleSite,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = join(mkdtempSync(join(site.folder, "evidence-")), identity.runId);
  const sealed: Result<unknown> = await sealRun(
    identity,
    {
      ledger: store.ledger,
      lines: store.lines,
      artifacts,
      attestor: keys.attestor.signer,
      sha256,
      verifySignature,
      engine,
      verifier,
      plan,
      revocations: await listOf(),
    },
    folder,
  );
  value(sealed);
  return filesOf(folder);
}
