import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import type { Digest } from "#canon/digest.ts";
import type { RunId, TenantId } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";
import type { EgressRule, Limits, Sandbox } from "#plan/plan.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { Redactor } from "#port/secrets.ts";
import type { AttemptRequest, OutputBatch, PreparedAttempt, StepRunner } from "#port/step-runner.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import { createRedactor } from "#secret/redactor.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { createEgress } from "../../src/sandbox/egress/egress.ts";
import { createSandbox, type SandboxOptions } from "../../src/sandbox/sandbox.ts";
import type { SlotKind } from "../../src/sandbox/slot/slot.ts";
import { systemClock } from "../port/system-clock.ts";

export const MIB = 1024 * 1024;
export const tenant = "default" as TenantId;

/** The slot of a step without secrets and without a way out. */
export const sealedKind: SlotKind = { mode: "sealed", secretPipes: 0, channel: false };

export type Wanted = Partial<Omit<AttemptRequest, "sandbox">> & {
  /** A script for sh; `program` says something else. */
  readonly script?: string;
  readonly mode?: Sandbox["mode"];
  readonly limits?: Partial<Limits>;
  readonly egress?: readonly EgressRule[];
};

export type Ran = {
  readonly outcome: AttemptOutcome;
  readonly prepared: PreparedAttempt;
  readonly batches: readonly OutputBatch[];
  readonly stdout: string;
  readonly stderr: string;
};

export type Rig = {
  readonly runner: StepRunner;
  readonly scratch: string;
  readonly artifacts: ArtifactStore;
  readonly artifactsPath: string;
  readonly redactor: Redactor;
  readonly packFolder: string;
  readonly request: (wanted: Wanted) => AttemptRequest;
  readonly prepare: (wanted: Wanted) => Promise<PreparedAttempt>;
  readonly run: (wanted: Wanted) => Promise<Ran>;
  /** Puts a file where steps can reach it and returns its path on the host. */
  readonly stage: (path: string, content: string, mode?: number) => string;
};

/** A sandbox with a scratch folder, an artifact store and a redactor of its own, all gone after the test. */
export function openRig(t: Test, options: Partial<SandboxOptions> = {}): Rig {
  const scratch = mkdtempSync("/var/tmp/packrun-test-");
  const artifactsPath = mkdtempSync(join(tmpdir(), "packrun-artifacts-"));
  const artifacts = fileArtifactStore(artifactsPath);
  const redactor = createRedactor();
  chmodSync(scratch, 0o711);
  const egress = createEgress({ lines: memoryRunStore({ clock: systemClock }).lines, clock: systemClock });
  const runner = createSandbox({ scratch, artifacts, clock: systemClock, maxParallel: 2, egress, ...options });
  t.teardown(async () => {
    await runner.close();
    rmSync(scratch, { recursive: true, force: true });
    rmSync(artifactsPath, { recursive: true, force: true });
  });
  const stage = (path: string, content: string, mode = 0o444): string => {
    const at = join(scratch, "staged", path);
    mkdirSync(dirname(at), { recursive: true, mode: 0o755 });
    writeFileSync(at, content);
    chmodSync(at, mode);
    return at;
  };
  stage("pack/tool.sh", '#!/bin/sh\necho "tool $*"\n', 0o555);
  const packFolder = join(scratch, "staged", "pack");
  const request = (wanted: Wanted): AttemptRequest => requestOf(wanted, packFolder, redactor);
  const prepare = async (wanted: Wanted): Promise<PreparedAttempt> => valueOf(await runner.prepare(request(wanted)));
  const run = async (wanted: Wanted): Promise<Ran> => runPrepared(await prepare(wanted));
  return { runner, scratch, artifacts, artifactsPath, redactor, packFolder, request, prepare, run, stage };
}

export async function runPrepared(prepared: PreparedAttempt): Promise<Ran> {
  const batches: OutputBatch[] = [];
  const outcome = await prepared.start((batch) => {
    batches.push(batch);
    return Promise.resolve();
  });
  return { outcome, prepared, batches, stdout: textOf(batches, "stdout"), stderr: textOf(batches, "stderr") };
}

/** The text of a stream, as its batches say it. */
export function textOf(batches: readonly Omit<OutputBatch, "stream">[], stream?: OutputBatch["stream"]): string {
  return batches
    .filter((batch) => stream === undefined || ("stream" in batch && batch.stream === stream))
    .map(({ lines, partial }) => lines.join("\n") + (partial === true ? "" : "\n"))
    .join("");
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new Error(`${result.fault.code}: ${result.fault.message}; ${result.fault.hint ?? ""}`);
  }
  return result.value;
}

export function reasonOf(outcome: AttemptOutcome): string {
  return outcome.kind === "failed" ? outcome.reason : outcome.kind;
}

export function requestOf(wanted: Wanted, packFolder: string, redactor: Redactor): AttemptRequest {
  const { script = "true", mode = "sealed", limits, egress = [], ...rest } = wanted;
  const egressQuota = { requests: 1000, bytes: 64 * MIB };
  return {
    runId: "019a0000-0000-7000-8000-000000000001" as RunId,
    tenantId: tenant,
    planHash: `sha256:${"0".repeat(64)}` as Digest,
    stepId: "step",
    attempt: 1,
    seed: "5eed",
    sourceDateEpoch: 1_700_000_000,
    program: { kind: "script", text: script, shell: "sh" },
    env: {},
    secretEnv: {},
    secretFiles: {},
    packFolder,
    mounts: [],
    sandbox: {
      mode,
      egressAllowlist: egress,
      ...(egress.length === 0 ? {} : { egressQuota }),
      limits: { cpus: 2, memoryBytes: 128 * MIB, pids: 64, logBytes: 4 * MIB, artifactBytes: 16 * MIB, ...limits },
    },
    timeoutMs: 30_000,
    outputs: {},
    redactor,
    ...rest,
  };
}
