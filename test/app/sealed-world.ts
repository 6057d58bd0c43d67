import { createHash, createPrivateKey, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { approvalPredicate } from "#attest/approval.ts";
import { readApprovalRequest } from "#attest/approval-request.ts";
import { runRequestPredicate } from "#attest/run-request.ts";
import { requestPath } from "#app/approval-paths.ts";
import { systemChance } from "#app/chance.ts";
import { gateKeeper, type GateKeeperRun } from "#app/gate-keeper.ts";
import type { RunTrust } from "#app/run-trust.ts";
import { sealRun, type SealPorts } from "#app/seal-run.ts";
import { signStatement } from "#app/sign-statement.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { toBase64 } from "#canon/base64.ts";
import { digestOf, digestOfHex, digestOfJson, type Digest } from "#canon/digest.ts";
import {
  parseRunId,
  parseTenantId,
  parseTrustDomain,
  type RunId,
  type TenantId,
  type TrustDomain,
} from "#canon/ids.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { ok, type Result } from "#fault/result.ts";
import { treeDigest, type TreeListing } from "#pack/pack-files.ts";
import type { Plan, PlanNode } from "#plan/plan.ts";
import { inputDigests } from "#plan/input-digests.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { Signer } from "#port/signer.ts";
import type { Command, CommandBody } from "#run/command.ts";
import type { Effect } from "#run/effect.ts";
import { gateStanding } from "#run/gate-standing.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import type { Values } from "#run/value.ts";
import { policyContextPath } from "#run/policy-context-path.ts";
import { initialState } from "#run/state.ts";
import { todo } from "#run/todo.ts";
import { turn } from "#run/turn.ts";
import { keySigner } from "#signer/key-signer.ts";
import { nodeSha256 as sha256, nodeVerifySignature as verifySignature } from "#signer/node-crypto.ts";
import { memoryArtifactStore } from "#store/memory/memory-artifact-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { tickingClock } from "../port/ticking-clock.ts";
import { passingFolder } from "./passing-folder.ts";

export { sha256, verifySignature };

/** The value of a result that a test counts on. */
export function must<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new Error(`${result.fault.code}: ${result.fault.message}`);
  }
  return result.value;
}

const PEOPLE = ["root", "requester", "attestor", "approver-1", "approver-2", "stranger"] as const;
type Person = (typeof PEOPLE)[number];

/** One key per person; approver-2 has an Ed25519 key, all others P-256. */
export const keys: Readonly<Record<Person, Signer>> = Object.fromEntries(
  PEOPLE.map((name) => {
    const pair =
      name === "approver-2" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
    return [name, must(keySigner(createPrivateKey(pair.privateKey.export({ type: "pkcs8", format: "pem" }))))];
  }),
) as Record<Person, Signer>;

export const START: number = Date.UTC(2026, 0, 5, 8);
/** A time at which everything is still fresh. */
export const LATER = timestampOf(START + 86_400_000);

export type RootOptions = {
  readonly version?: number;
  readonly domain?: string;
  readonly expires?: number;
  readonly validUntil?: number;
  readonly people?: readonly Person[];
  /** The policy on revocation lists; `true` demands one of less than an hour. */
  readonly revocation?:
    | boolean
    | { readonly required: boolean; readonly maxAgeHours: number; readonly minSequence: number };
};

/** The bytes of a trust root over the test's keys. */
export function rootBytes(options: RootOptions = {}): Uint8Array {
  const { domain = "acme-prod", expires = START + 10 * 86_400_000, validUntil = START + 9 * 86_400_000 } = options;
  const known = options.people ?? (["root", "requester", "attestor", "approver-1", "approver-2"] as const);
  const entry = (name: Person): readonly [string, object] => [
    keys[name].keyid,
    {
      alg: keys[name].algorithm,
      pem: keys[name].publicKey,
      principal: name,
      validFrom: timestampOf(START - 86_400_000),
      validUntil: timestampOf(validUntil),
    },
  ];
  const role = (...names: readonly Person[]): object => ({
    keyids: names.filter((name) => known.includes(name)).map((name) => keys[name].keyid),
    threshold: 1,
  });
  return canonicalBytes({
    schema: "packrun.trust-root/v1",
    trustDomain: domain,
    version: options.version ?? 1,
    issuedAt: timestampOf(START - 86_400_000),
    expires: timestampOf(expires),
    keys: Object.fromEntries(known.map(entry)),
    roles: {
      root: role("root"),
      requester: role("requester", "approver-1"),
      "run-attestor": role("attestor"),
      approver: role("approver-1", "approver-2"),
      revoker: role("root", "stranger"),
    },
    ...(options.revocation === undefined || options.revocation === false
      ? {}
      : {
          policy: {
            revocation:
              options.revocation === true ? { required: true, maxAgeHours: 1, minSequence: 0 } : options.revocation,
          },
        }),
  });
}

/** A run step at the top of a plan. */
export const runNode = (id: string, more: Partial<Extract<PlanNode, { kind: "run" }>> = {}): PlanNode => ({
  id,
  kind: "run",
  parent: null,
  needs: [],
  continueOnError: false,
  command: ["true"],
  env: {},
  inputs: {},
  outputs: {},
  timeoutMs: 1000,
  retry: { maxAttempts: 1, initialMs: 1, factor: 1, maxMs: 1 },
  idempotent: false,
  ...more,
});

const listing = [{ path: "pack.yaml", mode: "644", size: 3, sha256: "a".repeat(64) }] as const;

/** A plan with every kind of node. `gates: false` leaves the approval gate out. */
export function samplePlan(options: { readonly required?: number; readonly nodes?: readonly PlanNode[] } = {}): Plan {
  const expression = "steps.build.outputs.count < 10";
  const common = { parent: null, continueOnError: false };
  return {
    apiVersion: "packrun.dev/v1",
    kind: "Plan",
    planVersion: 1,
    pack: { name: "acme/mirror", version: "1.0.0", digest: treeDigest([...listing] as TreeListing, sha256) },
    inputs: { channel: { type: "string", value: "beta" } },
    secrets: {},
    sandbox: {
      mode: "sealed",
      egressAllowlist: [],
      limits: { cpus: 1, memoryBytes: 1024, pids: 10, logBytes: 1024, artifactBytes: 1024 },
    },
    security: { secretsRedactionPolicy: "blank" },
    approvals: {
      go: {
        required: options.required ?? 2,
        from: ["approver"],
        ttlMs: 3_600_000,
        separationOfDuties: true,
        reasonRequired: true,
      },
    },
    policies: { small: { engine: "cel", expression, digest: digestOf(Buffer.from(expression), sha256) } },
    failurePolicy: { onFailure: "skip-dependents" },
    steps: [
      ...(options.nodes ?? [
        runNode("build", {
          outputs: {
            count: { type: "integer" },
            report: { file: "r.html", mediaType: "text/html" },
            parts: { dir: "parts" },
          },
        }),
        { ...common, id: "check", kind: "gate.policy", needs: ["build"], policy: "small", failAction: "halt" },
        { ...common, id: "ok", kind: "gate.approval", needs: ["check"], approval: "go", message: "Go?" },
        { ...common, id: "push", kind: "map", needs: ["ok"], items: ["eu", "us"], as: "host", maxItems: 2 },
        runNode("push[*]::send", { parent: "push" }),
        { ...common, id: "after", kind: "parallel", needs: ["push"] },
        runNode("notify", { parent: "after", continueOnError: true }),
        runNode("smoke", { parent: "after", retry: { maxAttempts: 2, initialMs: 0, factor: 1, maxMs: 0 } }),
        runNode("last", { parent: "after", needs: ["smoke"] }),
      ]),
    ],
    finally: [runNode("tidy")],
    outputs:
      options.nodes === undefined ? { report: { from: { $cel: [{ expr: "steps.build.outputs.report" }] } } } : {},
  };
}

export type WorldOptions = {
  readonly number?: number;
  readonly plan?: Plan;
  readonly root?: Uint8Array;
  /** What became of an attempt; succeeds by default. */
  readonly outcome?: (stepId: string, attempt: number) => Partial<AttemptOutcome> | undefined;
  readonly decide?: readonly Person[];
  readonly decision?: "approve" | "reject";
  readonly requester?: Person;
  /** The response as it is received, made from the sidecar that was signed. */
  readonly respond?: (sidecar: Uint8Array) => Uint8Array;
  readonly unsigned?: boolean;
  readonly artifactBytes?: Uint8Array;
  /** What the stored copies compile to when a decision is judged; the plan unless given. */
  readonly recompile?: () => Result<Uint8Array>;
  /** What is revoked when a decision is judged; there is no list unless given. */
  readonly revocations?: RunTrust["currentRevocations"];
  /** Sends a cancel in the turn with this number. */
  readonly cancelAt?: number;
  /** Commands in place of what would be done for an effect. */
  readonly serve?: (effect: Effect) => readonly CommandBody[] | undefined;
  /** Steps that were taken over from another run, with their outputs. */
  readonly reused?: Readonly<Record<string, Values>>;
  /** The host does not admit the plan's sandbox. */
  readonly refused?: boolean;
};

export type World = {
  readonly identity: RunIdentity;
  readonly folder: string;
  readonly ports: SealPorts;
  readonly trustRoot: Uint8Array;
  readonly plan: Plan;
};

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Drives a whole run with the real core, real keys, and stores in memory. Nothing is executed. */
export async function finishedRun(options: WorldOptions = {}): Promise<World> {
  const plan = options.plan ?? samplePlan();
  const trustRoot = options.root ?? rootBytes();
  const root: TrustRoot = must(readTrustRoot(trustRoot, sha256));
  const clock = tickingClock(START);
  const store = memoryRunStore({ clock });
  const artifacts = memoryArtifactStore();
  const planBytes = canonicalBytes(plan);
  const identity: RunIdentity = {
    runId: parseRunId(`0198c5a0-0000-7000-8000-${String(options.number ?? 1).padStart(12, "0")}`) as RunId,
    tenantId: parseTenantId("default") as TenantId,
    trustDomain: parseTrustDomain(root.document.trustDomain) as TrustDomain,
    planHash: digestOf(planBytes, sha256),
  };
  const requester = options.requester ?? "requester";
  const tools = { verifySignature, sha256 };
  const { runId, tenantId, trustDomain, planHash } = identity;
  const request = must(
    await signStatement(
      keys[requester],
      {
        predicate: runRequestPredicate,
        subjects: [{ name: "plan.canonical.json", digest: planHash }],
        value: {
          runId,
          tenantId,
          trustDomain,
          planHash,
          requestedBy: requester,
          authn: { kind: "key" as const },
          requestedAt: timestampOf(clock.now()),
          nonce: "0".repeat(32),
        },
      },
      tools,
    ),
  );
  const lock = canonicalBytes({
    schema: "packrun.inputs-lock/v1",
    planHash,
    tenantId,
    inputs: Object.fromEntries(
      inputDigests(plan, sha256).map(({ name, digest }) => {
        const input = plan.inputs[name];
        const value = input !== undefined && "value" in input ? { value: input.value } : {};
        return [name, { type: input?.type, source: "cli", digest, ...value }];
      }),
    ),
    secrets: {},
  });
  const files = new Map([
    ["plan.canonical.json", planBytes],
    ["inputs.lock", lock],
    ["pack.manifest.json", canonicalBytes([...listing])],
    ["trust/trust-root.json", trustRoot],
    ...(options.unsigned === true ? [] : [["request.sigstore.json", request.sidecar] as const]),
  ]);
  const state = initialState(plan, identity);
  const moment = (): { now: number; sha256: typeof sha256 } => ({ now: clock.now(), sha256 });
  const created: Command = {
    id: "create",
    kind: "create",
    ...(options.reused === undefined ? {} : { reused: options.reused }),
    metadata: {
      requestedBy: requester,
      requestDigest: request.payloadDigest,
      inputsLock: digestOf(lock, sha256),
      packDigest: plan.pack.digest,
      packSource: "folder",
      ...(options.reused === undefined ? {} : { from: "0198c5a0-0000-7000-8000-000000000099" }),
    },
  };
  must(await store.ledger.create(identity, files, turn(state, [created], moment())));
  const lease = await store.leases.acquire(identity, 1e9);
  if (lease === undefined) {
    throw new Error("no lease");
  }
  let sent = 0;
  const send = async (...bodies: readonly CommandBody[]): Promise<void> => {
    clock.tick(10);
    const { head } = state;
    const commands = bodies.map((body): Command => ({ id: `command-${(sent += 1)}`, ...body }));
    const events = turn(state, commands, moment());
    if (events.length > 0) {
      must(await store.ledger.append(identity, lease, head, events, { durable: true }));
    }
  };
  const trust = {
    root,
    rootBytes: trustRoot,
    currentRoot: () => Promise.resolve(ok(root)),
    currentRevocations: options.revocations ?? (() => Promise.resolve(ok(undefined))),
    attestor: keys.attestor,
    openRequester: () => Promise.resolve(ok(keys[requester])),
    principal: requester,
  };
  const keeperRun: GateKeeperRun = {
    identity,
    plan,
    recompile: () => Promise.resolve(options.recompile?.() ?? ok(planBytes)),
    requestedBy: requester,
    trust: { ...trust, development: undefined },
    ledger: store.ledger,
    clock,
    chance: systemChance,
    ...tools,
  };
  const keeper = gateKeeper(keeperRun);

  const capture = async (bytes: Uint8Array): Promise<{ digest: Digest; size: number }> =>
    must(await artifacts.put(tenantId, single(bytes)));
  const succeed = async (stepId: string): Promise<AttemptOutcome> => {
    if (stepId !== "build" || options.plan?.steps[0]?.id === "only") {
      return { kind: "succeeded", durationMs: 5, artifacts: [], outputs: {} };
    }
    const report = await capture(options.artifactBytes ?? Buffer.from("<p>report</p>"));
    const part = await capture(Buffer.from("part one"));
    const tree = [
      { path: "link", mode: "link" as const, target: "one" },
      { path: "one", mode: "644" as const, size: part.size, sha256: part.digest.slice(7) },
    ];
    const parts = { ...(await capture(canonicalBytes(tree))), size: part.size };
    return {
      kind: "succeeded",
      durationMs: 5,
      artifacts: [
        { name: "report", status: "captured", ...report, mediaType: "text/html" },
        { name: "parts", status: "captured", ...parts },
      ],
      outputs: {
        count: { type: "integer", value: 3 },
        report: { type: "file", ...report, mediaType: "text/html" },
        parts: { type: "directory", digest: parts.digest },
      },
    };
  };
  const serve = async (effect: Effect): Promise<void> => {
    switch (effect.kind) {
      case "attempt": {
        const { stepId, attempt } = effect;
        const limits = { memoryBytes: { declared: 1024, enforcedBy: "cgroup", level: "kernel-tree" as const } };
        await send({ kind: "start", stepId, attempt, secrets: [], enforced: { mode: "sealed", limits } });
        await send({ kind: "output", stepId, attempt, output: { stream: "stdout", lines: [`${stepId} says hi`] } });
        const outcome = { ...(await succeed(stepId)), ...options.outcome?.(stepId, attempt) } as AttemptOutcome;
        return send({ kind: "ended", stepId, attempt, outcome });
      }
      case "openGate": {
        const opened = must(await keeper.open({ gateId: effect.stepId, approval: "go", message: "Go?" }));
        return send({ kind: "gateOpened", stepId: effect.stepId, ...opened });
      }
      case "confirmGate": {
        const checked = [];
        for (const payloadDigest of effect.approvals) {
          const holds = await keeper.recheck(effect.stepId, payloadDigest);
          const why = holds.ok ? holds.value : { code: holds.fault.code, hint: holds.fault.hint ?? "" };
          checked.push({ payloadDigest, ...why });
        }
        return send({ kind: "confirmed", stepId: effect.stepId, void: checked });
      }
      case "policy": {
        const context = { inputs: {}, pack: {}, run: {}, steps: {} };
        must(await store.ledger.putFile(identity, policyContextPath(effect.stepId, sha256), canonicalBytes(context)));
        return send({
          kind: "policyEvaluated",
          stepId: effect.stepId,
          answer: "allowed",
          why: "",
          policyDigest: plan.policies["small"]?.digest as Digest,
          contextDigest: digestOfJson(context, sha256),
        });
      }
      case "upcoming":
        return;
      case "snapshot":
        // Beside the point of these bundles: what snapshots hold is tested where they are taken.
        return send({ kind: "snapshotFailed" });
      case "timer":
        clock.tick(Math.max(0, effect.dueAt - clock.now()));
        return send({ kind: "tick" });
    }
  };
  const decide = async (gateId: string, person: Person): Promise<void> => {
    const file = must(await store.ledger.getFile(identity, requestPath(gateId)));
    const asked = must(readApprovalRequest(file));
    const { nonce } = asked;
    const response = must(
      await signStatement(
        keys[person],
        {
          predicate: approvalPredicate,
          subjects: [{ name: "plan.canonical.json", digest: planHash }],
          value: {
            runId,
            gateId,
            tenantId,
            trustDomain,
            planHash,
            nonce,
            decision: options.decision ?? ("approve" as const),
            approver: person,
            reason: "looks right",
            issuedAt: timestampOf(clock.now()),
            notAfter: asked.notAfter,
          },
        },
        tools,
      ),
    );
    const verdict = await keeper.judge(
      gateId,
      { response: toBase64(options.respond?.(response.sidecar) ?? response.sidecar) },
      gateStanding(state, gateId),
    );
    await send({ kind: "decision", stepId: gateId, verdict });
  };

  await send({ kind: "acquire", owner: "test", fence: lease.fence });
  if (options.refused === true) {
    await send({ kind: "refused", reason: "SANDBOX_MEMORY", hint: "give this host a memory controller" });
  }
  await send({ kind: "verified", engine: { name: "packrun", version: "0.1.0" } });
  const deciders = [...(options.decide ?? (["approver-1", "approver-2"] as const))];
  for (let rounds = 0; rounds < 200 && state.finishedAt === undefined; rounds += 1) {
    if (options.cancelAt === rounds) {
      await send({ kind: "cancel", by: "requester" });
    }
    const wanted = todo(state, 4);
    const work = wanted.filter((effect) => effect.kind !== "timer" && effect.kind !== "upcoming");
    const [next] = work;
    const decider = next === undefined && state.live.open.size > 0 ? deciders.shift() : undefined;
    const instead = next === undefined ? undefined : options.serve?.(next);
    if (instead !== undefined) {
      for (const body of instead) {
        await send(body);
      }
    } else if (next !== undefined) {
      await serve(next);
    } else if (decider === undefined) {
      const timer = wanted.find((effect) => effect.kind === "timer");
      await (timer === undefined ? send({ kind: "tick" }) : serve(timer));
    } else {
      await decide([...state.live.open][0]?.id ?? "", decider);
    }
  }
  const verifier = { name: "verify_offline_bundle.mjs", version: "0.1.0", digest: digestOfHex("f".repeat(64)) };
  const ports: SealPorts = {
    ledger: store.ledger,
    lines: store.lines,
    artifacts,
    attestor: keys.attestor,
    ...tools,
    engine: { name: "packrun", version: "0.1.0" },
    verifier,
    plan,
  };
  const folder = join(passingFolder("evidence"), runId);
  return { identity, folder, ports, trustRoot, plan };
}

/** A sealed bundle of a finished run. */
export async function sealedRun(options: WorldOptions = {}): Promise<World> {
  const world = await finishedRun(options);
  must(await sealRun(world.identity, world.ports, world.folder));
  return world;
}

export const host = {
  sha256,
  verifySignature,
  startHash: () => {
    const hash = createHash("sha256");
    return { update: (bytes: Uint8Array) => void hash.update(bytes), digest: (): Uint8Array => hash.digest() };
  },
};
