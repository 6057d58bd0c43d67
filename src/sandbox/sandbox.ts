import { rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Sandbox } from "#plan/plan.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { Clock } from "#port/clock.ts";
import type { AttemptRequest, PreparedAttempt, SandboxReport, StepRunner } from "#port/step-runner.ts";
import { leaveCgroups } from "./cgroup-host.ts";
import { removeTree } from "./attempt-folder.ts";
import { ExeDigests } from "./exe-digest.ts";
import { layGround, type Ground, type GroundOptions } from "./ground.ts";
import { allEnforcers } from "./limit-enforcement.ts";
import { unenforceable } from "./limit-refusal.ts";
import type { SandboxEgress } from "./egress/egress.ts";
import { probe, type Trial } from "./probe.ts";
import { prepareSealed } from "./sealed-attempt.ts";
import type { ProcView } from "./step-vector.ts";
import { unavailable } from "./unavailable.ts";

export type SandboxOptions = GroundOptions & {
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  /** The door for steps with an allow-list; whoever made it closes it, after the sandbox. */
  readonly egress: SandboxEgress;
};

const HOST_PROC =
  "no /proc can be mounted here, so steps see this host's, read-only (`sandbox: {proc: host}`): numbers, names and command lines of all processes, but not their environment, memory or files";

/**
 * The step runner on bubblewrap. Nothing is touched before the first call; `scratch` is made where it is absent, and
 * what dead runners left in it is removed.
 */
export function createSandbox(options: SandboxOptions): StepRunner {
  const digests = new ExeDigests();
  let ground: Promise<Result<Ground>> | undefined;
  const tries = new Map<string, Promise<Result<Held>>>();

  const ready = (): Promise<Result<Ground>> => {
    ground ??= layGround(options);
    return ground;
  };
  /** Tried once; a sandbox that does not hold now may hold later, so only that it holds is remembered. */
  const held = async (trial: Trial): Promise<Result<Held>> => {
    const key = `${trial.mode} ${trial.wayOut}`;
    const begun = tries.get(key) ?? ready().then((laid) => (laid.ok ? tried(laid.value, options.clock, trial) : laid));
    tries.set(key, begun);
    const answer = await begun;
    if (!answer.ok) {
      tries.delete(key);
    }
    return answer;
  };
  const admitted = async (sandbox: Sandbox): Promise<Result<Held>> => {
    const answer = await held({ mode: sandbox.mode, wayOut: sandbox.egressAllowlist.length > 0 });
    const refusal = answer.ok ? await unenforceable(answer.value.ground.means, sandbox) : undefined;
    return refusal === undefined ? answer : fail(refusal);
  };

  return {
    probe: async () => {
      const sealed = await held({ mode: "sealed", wayOut: false });
      return sealed.ok ? ok(reportOf(sealed.value, await held({ mode: "restricted", wayOut: false }))) : sealed;
    },
    admit: async (sandbox) => {
      const answer = await admitted(sandbox);
      return answer.ok ? ok(undefined) : answer;
    },
    prepare: async (request: AttemptRequest): Promise<Result<PreparedAttempt>> => {
      const answer = await admitted(request.sandbox);
      if (!answer.ok) {
        return answer;
      }
      const { ground: laid, proc } = answer.value;
      const root = laid.roots(request.sandbox.mode);
      return root.ok ? prepareSealed({ ...options, ground: laid, root: root.value, proc, digests }, request) : root;
    },
    close: async () => {
      const laid = await ground;
      ground = undefined;
      tries.clear();
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

/** A ground on which steps hold, and whose processes they see there. */
type Held = { readonly ground: Ground; readonly proc: ProcView };

async function tried(ground: Ground, clock: Clock, trial: Trial): Promise<Result<Held>> {
  try {
    const answer = await probe(ground, clock, trial);
    return answer.ok ? ok({ ground, proc: answer.value }) : answer;
  } catch (error) {
    const problem = error instanceof Error ? error.message : "it could not be tried";
    return fail(unavailable(problem, "run packrun where it may start processes as other users, or as a plain user"));
  }
}

function reportOf({ ground, proc }: Held, restricted: Result<Held>): SandboxReport {
  const by = allEnforcers(ground.means);
  const notes = [
    restricted.ok ? "modes sealed and restricted hold" : `mode sealed holds; restricted: ${restricted.fault.message}`,
    process.getuid?.() === 0
      ? "the runner is root: each step runs as a user of its own from 64000 on"
      : "the runner is not root: steps run as its user, inside a user namespace",
    ground.host.kind === "none" ? "no cgroup can be written: memory is watched, CPUs cannot be limited" : "",
    proc === "host" ? HOST_PROC : "",
  ].filter((note) => note !== "");
  return {
    tool: ground.tool,
    limits: Object.fromEntries(Object.entries(by).map(([name, each]) => [name, { declared: 0, ...each }])),
    notes,
  };
}
