import { basename } from "node:path";
import { digestOfHex, hexOf, isDigest } from "#canon/digest.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planCodes } from "#plan/codes.ts";
import type { RunNode } from "#plan/plan.ts";
import type { AttemptContext, AttemptPreparer, ReadyAttempt } from "#port/attempt-preparer.ts";
import type { AttemptRequest, PreparedAttempt } from "#port/step-runner.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";
import { OutputSchemas } from "./output-schemas.ts";
import { holdStoredBytes, packFault, packFileDrift, referenceFault } from "./pinned-bytes.ts";
import type { PreparerPorts } from "./preparer-ports.ts";
import { prepareBuiltIn } from "./prepare-built-in.ts";
import { resolveSecrets, type AttemptSecrets } from "./resolve-secrets.ts";

/** Makes attempts ready: commands in the sandbox, built-ins in the runner. */
export function attemptPreparer(ports: PreparerPorts): AttemptPreparer {
  const schemas = new OutputSchemas();
  return {
    prepare: async (attempt, context) => {
      const unchanged = holdFiles(attempt, ports);
      if (!unchanged.ok) {
        return unchanged;
      }
      if (attempt.program.kind !== "uses") {
        return prepareCommand(attempt, attempt.program, context, { ...ports, schemas });
      }
      const whole = await holdStoredBytes(attempt, context.identity.tenantId, ports);
      return whole.ok ? prepareBuiltIn(attempt, attempt.program, context, ports) : whole;
    },
  };
}

async function prepareCommand(
  attempt: ResolvedAttempt,
  program: AttemptRequest["program"],
  context: AttemptContext,
  ports: PreparerPorts & { readonly schemas: OutputSchemas },
): Promise<Result<ReadyAttempt>> {
  const packFolder = await ports.workspace.tree(ports.plan.pack.digest);
  if (!packFolder.ok) {
    return fail(packFault(packFolder.fault, attempt.node, ports.packListing));
  }
  const unchanged = await holdCopies(attempt, packFolder.value, ports);
  if (!unchanged.ok) {
    return unchanged;
  }
  const mounts = await mountsOf(attempt, ports);
  if (!mounts.ok) {
    return mounts;
  }
  const secrets = await resolveSecrets(attempt, ports);
  if (!secrets.ok) {
    return secrets;
  }
  const outputs = await ports.schemas.inPlace(attempt.outputs, packFolder.value);
  const request = requestOf({ ...attempt, outputs }, program, context, secrets.value, ports);
  const prepared = await ports.runner.prepare({ ...request, packFolder: packFolder.value, mounts: mounts.value });
  return prepared.ok ? ok(withSecrets(prepared.value, secrets.value)) : prepared;
}

function requestOf(
  attempt: ResolvedAttempt,
  program: AttemptRequest["program"],
  context: AttemptContext,
  secrets: AttemptSecrets,
  ports: PreparerPorts,
): Omit<AttemptRequest, "packFolder" | "mounts"> {
  const { identity } = context;
  const base = {
    runId: identity.runId,
    tenantId: identity.tenantId,
    planHash: identity.planHash,
    stepId: attempt.stepId,
    attempt: context.attempt,
    seed: attempt.seed,
    sourceDateEpoch: Math.floor(context.startedAt / 1000),
    program,
    env: attempt.env,
    secretEnv: secrets.env,
    secretFiles: secrets.files,
    sandbox: attempt.sandbox,
    timeoutMs: attempt.timeoutMs,
    outputs: attempt.outputs,
    redactor: ports.redactor,
  };
  const { egressQuota, egressAllowlist } = ports.plan.sandbox;
  return {
    ...base,
    ...(attempt.stdin === undefined ? {} : { stdin: attempt.stdin }),
    ...(egressQuota === undefined ? {} : { egressQuota, egressAllowlist }),
  };
}

function withSecrets(prepared: PreparedAttempt, secrets: AttemptSecrets): ReadyAttempt {
  return { ...prepared, secrets: secrets.resolved };
}

/** Holds the files that the node names, as the stored pack has them, against the digests that the plan pins. */
function holdFiles({ node }: ResolvedAttempt, { packListing }: PreparerPorts): Result<void> {
  const changed = (node.files ?? []).find(({ path, digest }) => {
    const listed = packListing.find((entry) => entry.path === path);
    return listed === undefined || digestOfHex(listed.sha256) !== digest;
  });
  return changed === undefined ? ok(undefined) : fail(packFileDrift(node, changed.path));
}

/** The same for the staged copies that a command sees. */
async function holdCopies({ node }: ResolvedAttempt, packFolder: string, ports: PreparerPorts): Promise<Result<void>> {
  for (const { path } of node.files ?? []) {
    if (!(await ports.workspace.untouched(`${packFolder}/${path}`))) {
      return fail(packFileDrift(node, path));
    }
  }
  return ok(undefined);
}

type Mount = AttemptRequest["mounts"][number];

async function mountsOf(attempt: ResolvedAttempt, ports: PreparerPorts): Promise<Result<readonly Mount[]>> {
  const mounts: Mount[] = [];
  for (const [name, reference] of Object.entries(attempt.inputs)) {
    const staged = await stage(reference, attempt.node, ports);
    if (!staged.ok) {
      return staged;
    }
    mounts.push({ hostPath: staged.value, at: `/run/packrun/in/${name}` });
  }
  for (const name of attempt.inputsUsed) {
    const input = ports.plan.inputs[name];
    if (input?.type === "file" || input?.type === "directory") {
      const staged = await stage(input, attempt.node, ports);
      if (!staged.ok) {
        return staged;
      }
      mounts.push({ hostPath: staged.value, at: `/run/packrun/inputs/${name}/${input.name}` });
    }
  }
  return ok(mounts);
}

/** References may come out of a step's own outputs, so nothing in them is believed before it names a path here. */
async function stage(reference: Json, node: RunNode, ports: PreparerPorts): Promise<Result<string>> {
  const { type, digest, name } = isJsonObject(reference) ? reference : {};
  if ((type !== "file" && type !== "directory") || !isDigest(digest)) {
    return fail(faultOf(planCodes, "EXPR_TYPE", { expected: "a file or a directory", found: "another value" }));
  }
  const staged = await (type === "directory"
    ? ports.workspace.tree(digest)
    : ports.workspace.file(digest, typeof name === "string" && isFileName(name) ? name : hexOf(digest)));
  return staged.ok ? staged : fail(referenceFault(staged.fault, digest, node, ports));
}

/** One path part that a file can have: the basename of itself. */
function isFileName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.includes("\0") && basename(name) === name;
}
