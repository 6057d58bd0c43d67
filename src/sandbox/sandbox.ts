import { rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Sandbox } from "#plan/plan.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { Clock } from "#port/clock.ts";
import type { AttemptRequest, PreparedAttempt, SandboxReport, StepRunner } from "#port/step-runner.ts";
import { leaveCgroups } from "./cgroup-host.ts";
import { removeTree } from "./attempt-folder.ts";
import { sandboxCodes } from "./codes.ts";
import { ExeDigests } from "./exe-digest.ts";
import { layGround, unavailable, type Ground, type GroundOptions } from "./ground.ts";
import { enforcersOf, unenforceable } from "./limit-enforcement.ts";
import { probe } from "./probe.ts";
import { prepareSealed } from "./sealed-attempt.ts";

export type SandboxOptions = GroundOptions & { readonly artifacts: ArtifactStore; readonly clock: Clock };

/**
 * The step runner on bubblewrap. Nothing is touched before the first call; `scratch` is made where it is absent, and
 * what dead runners left in it is removed.
 */
export function createSandbox(options: SandboxOptions): StepRunner {
  const digests = new ExeDigests();
  let ground: Promise<Result<Ground>> | undefined;
  let probed: Promise<Result<Ground>> | undefined;

  const ready = (): Promise<Result<Ground>> => {
    ground ??= layGround(options);
    return ground;
  };
  /** Tried once; a sandbox that does not hold now may hold later, so only that it holds is remembered. */
  const held = async (): Promise<Result<Ground>> => {
    probed ??= ready().then((laid) => (laid.ok ? tried(laid.value, options.clock) : laid));
    const answer = await probed;
    if (!answer.ok) {
      probed = undefined;
    }
    return answer;
  };

  return {
    probe: async () => {
      const answer = await held();
      return answer.ok ? ok(reportOf(answer.value)) : answer;
    },
    admit: async (sandbox) => {
      const answer = await admitted(sandbox, held);
      return answer.ok ? ok(undefined) : answer;
    },
    prepare: async (request: AttemptRequest): Promise<Result<PreparedAttempt>> => {
      const answer = await admitted(request.sandbox, held);
      return answer.ok ? prepareSealed({ ground: answer.value, ...options, digests }, request) : answer;
    },
    close: async () => {
      const laid = await ground;
      ground = undefined;
      probed = undefined;
      if (laid?.ok === true) {
        await laid.value.pool.close();
        leaveCgroups(laid.value.host);
        await removeTree(laid.value.folder);
        // What else this process keeps there (a workspace) may still be in use; then the folder stays.
        await rmdir(dirname(laid.value.folder)).catch(() => undefined);
      }
    },
  };
}

async function tried(ground: Ground, clock: Clock): Promise<Result<Ground>> {
  try {
    const answer = await probe(ground, clock);
    return answer.ok ? ok(ground) : answer;
  } catch (error) {
    const problem = error instanceof Error ? error.message : "it could not be tried";
    return fail(unavailable(problem, "run packrun where it may start processes as other users, or as a plain user"));
  }
}

/** What a plan asks is looked at before the host is: those refusals are the same everywhere. */
async function admitted(sandbox: Sandbox, held: () => Promise<Result<Ground>>): Promise<Result<Ground>> {
  if (sandbox.mode !== "sealed") {
    return fail(faultOf(sandboxCodes, "SANDBOX_MODE_UNSUPPORTED", { mode: sandbox.mode }));
  }
  if (sandbox.egressAllowlist.length > 0) {
    return fail(faultOf(sandboxCodes, "EGRESS_UNSUPPORTED", { count: sandbox.egressAllowlist.length }));
  }
  const answer = await held();
  const refusal = answer.ok ? unenforceable(answer.value.host, sandbox.limits) : undefined;
  return refusal === undefined ? answer : fail(refusal);
}

function reportOf(ground: Ground): SandboxReport {
  const by = enforcersOf(ground.host);
  const notes = [
    process.getuid?.() === 0
      ? "the runner is root: each step runs as a user of its own from 64000 on"
      : "the runner is not root: steps run as its user, inside a user namespace",
    ground.host.kind === "none" ? "no cgroup can be written: memory is watched, CPUs cannot be limited" : "",
  ].filter((note) => note !== "");
  return {
    tool: ground.tool,
    limits: Object.fromEntries(Object.entries(by).map(([name, each]) => [name, { declared: 0, ...each }])),
    notes,
  };
}
