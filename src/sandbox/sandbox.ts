import { rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Sandbox } from "#plan/plan.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { Clock } from "#port/clock.ts";
import type { HostFinding } from "#port/host-finding.ts";
import type { AttemptRequest, PreparedAttempt, StepRunner } from "#port/step-runner.ts";
import { leaveCgroups } from "./cgroup/cgroup-host.ts";
import { removeTree } from "./attempt-folder.ts";
import { diskSpace } from "./watch/disk-bound.ts";
import { ExeDigests } from "./exe-digest.ts";
import { layGround, type Ground, type GroundOptions } from "./ground.ts";
import { readHostFacts } from "./host/host-facts.ts";
import { hostFindings, type Examined } from "./host/host-findings.ts";
import { findMeans, type LimitMeans } from "./limit/limit-means.ts";
import { hostLimitRemedy, unenforceable } from "./limit/limit-refusal.ts";
import type { SandboxEgress } from "./egress/egress.ts";
import { probe, type Trial } from "./host/probe.ts";
import { prepareSealed } from "./sealed-attempt.ts";
import type { SandboxForm } from "./root/sandbox-form.ts";
import { STEP_USER_REMEDY } from "./host/host-remedy.ts";
import { unavailable } from "./host/unavailable.ts";

export type SandboxOptions = GroundOptions & {
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  /** The door for steps with an allow-list; whoever made it closes it, after the sandbox. */
  readonly egress: SandboxEgress;
};

/**
 * The step runner on bubblewrap. Nothing is touched before the first call; `scratch` is made where it is absent, and
 * what dead runners left in it is removed.
 */
export function createSandbox(options: SandboxOptions): StepRunner {
  const digests = new ExeDigests();
  let ground: Promise<Result<Ground>> | undefined;
  const tries = new Map<string, Promise<Result<Held>>>();
  let likely: SandboxForm | undefined;

  const ready = (): Promise<Result<Ground>> => {
    ground ??= layGround(options);
    return ground;
  };
  /** Tried once; a sandbox that does not hold now may hold later, so only that it holds is remembered. */
  const held = async (trial: Trial): Promise<Result<Held>> => {
    const key = `${trial.mode} ${trial.wayOut}`;
    const begun =
      tries.get(key) ?? ready().then((laid) => (laid.ok ? tried(laid.value, options.clock, trial, likely) : laid));
    tries.set(key, begun);
    const answer = await begun;
    if (answer.ok) {
      likely = answer.value.form;
    } else {
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
    examine: () => examine(options, ready, held),
    admit: async (sandbox) => {
      const answer = await admitted(sandbox);
      return answer.ok ? ok(undefined) : answer;
    },
    prepare: async (request: AttemptRequest): Promise<Result<PreparedAttempt>> => {
      const answer = await admitted(request.sandbox);
      if (!answer.ok) {
        return answer;
      }
      const { ground: laid, form } = answer.value;
      const root = laid.roots(request.sandbox.mode);
      return root.ok ? prepareSealed({ ...options, ground: laid, root: root.value, form, digests }, request) : root;
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

/** A ground, and the form of sandbox that holds on it. */
type Held = { readonly ground: Ground; readonly form: SandboxForm };

async function tried(
  ground: Ground,
  clock: Clock,
  trial: Trial,
  likely: SandboxForm | undefined,
): Promise<Result<Held>> {
  try {
    const answer = await probe(ground, clock, trial, likely);
    return answer.ok ? ok({ ground, form: answer.value }) : answer;
  } catch (error) {
    const said = error instanceof Error ? error.message : "it could not be tried";
    return fail(
      process.getuid?.() === 0
        ? unavailable(`root may not start processes as other users here (${said})`, STEP_USER_REMEDY)
        : unavailable(said, "run `packrun doctor`, and see what the system says"),
    );
  }
}

/** Tries every kind of sandbox, and tells what there is to tell where none can be tried. */
async function examine(
  options: SandboxOptions,
  ready: () => Promise<Result<Ground>>,
  held: (trial: Trial) => Promise<Result<Held>>,
): Promise<readonly HostFinding[]> {
  const laid = await ready();
  const facts = readHostFacts();
  const common = { facts, limitRemedy: await hostLimitRemedy(facts), scratch: scratchOf(options.scratch) };
  if (!laid.ok) {
    const means = facts.platform === "linux" ? meansOnly(options) : undefined;
    return hostFindings({ ...common, tool: laid, ...(means === undefined ? {} : { means }) });
  }
  const trial = async (mode: Sandbox["mode"], wayOut: boolean): Promise<Result<SandboxForm>> => {
    const answer = await held({ mode, wayOut });
    return answer.ok ? ok(answer.value.form) : answer;
  };
  const trials = {
    sealed: await trial("sealed", false),
    restricted: await trial("restricted", false),
    wayOut: await trial("sealed", true),
  };
  return hostFindings({ ...common, tool: ok(laid.value.tool), trials, means: laid.value.means });
}

/** How limits would be held, where no sandbox can be tried. Leaves nothing behind. */
function meansOnly({ means, cgroups }: GroundOptions): LimitMeans {
  const found = means ?? findMeans(cgroups);
  leaveCgroups(found.cgroups);
  return found;
}

function scratchOf(path: string): Examined["scratch"] {
  try {
    return { path, space: diskSpace(path) };
  } catch {
    return { path };
  }
}
