import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { driveRun, type DriveEnd, type DriveOptions } from "#engine/drive-run.ts";
import type { TakeOverPorts } from "#engine/take-over.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import type { ReadyAttempt } from "#port/attempt-preparer.ts";
import type { RunIdentity, RunStore } from "#port/run-store.ts";
import type { OutputSink } from "#port/step-runner.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import { initialState } from "#run/state.ts";
import { turn } from "#run/turn.ts";
import { createRedactor } from "#secret/redactor.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { systemClock } from "../port/system-clock.ts";
import { identityOf, sha256 } from "../run/sample-plan.ts";

/** What a scripted step does once its token was given; `stopped` resolves when it is to end. */
export type Script = (step: {
  readonly stepId: string;
  readonly attempt: number;
  readonly sink: OutputSink;
  readonly stopped: Promise<void>;
}) => Promise<AttemptOutcome>;

export const success = (outputs: Extract<AttemptOutcome, { kind: "succeeded" }>["outputs"] = {}): AttemptOutcome => ({
  kind: "succeeded",
  durationMs: 1,
  artifacts: [],
  outputs,
});

export const failure: AttemptOutcome = {
  kind: "failed",
  reason: "STEP_EXIT",
  hint: "see its output",
  exitCode: 1,
  durationMs: 1,
  artifacts: [],
};

export type Rig = {
  readonly identity: RunIdentity;
  readonly store: RunStore;
  readonly ports: TakeOverPorts;
  /** `prepare`, `start`, `stop`, `end` and `discard` of each attempt, in the order in which they happened. */
  readonly trail: string[];
  readonly drive: (options?: Partial<DriveOptions>) => Promise<Result<DriveEnd>>;
  readonly events: () => Promise<readonly LedgerEvent[]>;
};

/** A run of `plan` in a store, with steps that `script` plays. */
export async function rig(plan: Plan, script: Script, change: Partial<TakeOverPorts> = {}): Promise<Rig> {
  const clock = change.clock ?? systemClock;
  const store = change.store ?? memoryRunStore({ clock });
  const bytes = canonicalBytes(plan);
  const identity: RunIdentity = { ...identityOf(plan), planHash: digestOf(bytes, sha256) };
  const created = turn(initialState(plan, identity), [createCommand], { now: clock.now(), sha256 });
  await store.ledger.create(identity, new Map([["plan.canonical.json", bytes]]), created);
  const trail: string[] = [];
  const ports: TakeOverPorts = {
    store,
    clock,
    sha256,
    redactor: createRedactor(),
    attempts: {
      prepare: ({ stepId }, { attempt }) => {
        trail.push(`prepare ${stepId}`);
        return Promise.resolve(ok(scripted(stepId, attempt, script, trail)));
      },
    },
    gates: {
      open: () => Promise.resolve(ok({ requestDigest: identity.planHash, notAfter: farAway })),
      judge: () =>
        Promise.resolve({
          kind: "accepted",
          decision: "approve",
          principal: "alice",
          payloadDigest: identity.planHash,
        }),
      recheck: () => Promise.resolve(ok({ from: farAway, code: "APPROVAL_LATE", hint: "" })),
    },
    policies: { evaluate: () => Promise.resolve({ kind: "allowed" }) },
    recompile: () => Promise.resolve(ok(bytes)),
    admit: () => Promise.resolve(ok(undefined)),
    engine: { name: "packrun", version: "0.0.0" },
    ...change,
  };
  return {
    identity,
    store,
    ports,
    trail,
    drive: (options = {}) => driveRun(identity, ports, { maxParallel: 2, wait: false, cancelBy: "tester", ...options }),
    events: () => Array.fromAsync(store.ledger.read(identity)),
  };
}

const farAway = "2999-01-01T00:00:00.000Z" as Extract<
  Awaited<ReturnType<TakeOverPorts["gates"]["open"]>>,
  { ok: true }
>["value"]["notAfter"];

const zero = `sha256:${"0".repeat(64)}` as RunIdentity["planHash"];
const createCommand = {
  id: "create",
  kind: "create" as const,
  metadata: {
    requestedBy: "tester",
    requestDigest: zero,
    inputsLock: zero,
    packDigest: zero,
    packSource: "folder" as const,
  },
};

function scripted(stepId: string, attempt: number, script: Script, trail: string[]): ReadyAttempt {
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  return {
    secrets: [],
    enforced: { mode: "sealed", limits: {} },
    start: async (sink) => {
      trail.push(`start ${stepId}`);
      const outcome = await script({ stepId, attempt, sink, stopped });
      trail.push(`end ${stepId}`);
      return outcome;
    },
    stop: (how) => {
      trail.push(`stop ${stepId}${how?.now === true ? " now" : ""}`);
      stop();
    },
    discard: () => {
      trail.push(`discard ${stepId}`);
      return Promise.resolve();
    },
  };
}
