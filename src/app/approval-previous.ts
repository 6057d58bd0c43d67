import { open } from "node:fs/promises";
import { digestOf } from "#canon/digest.ts";
import { PLAN_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode, systemProblem } from "#fault/system-problem.ts";
import type { Plan } from "#plan/plan.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { planDiff, type PlanDiff } from "#view/plan-diff.ts";
import type { ApprovalTrust } from "./approval-trust.ts";
import { approvalUseCodes } from "./approval-use-codes.ts";
import { openBundle } from "./open-bundle.ts";
import { readBundleFile } from "./read-bundle-file.ts";
import { showEvidence } from "./show-evidence.ts";
import { readUserFile } from "./user-file.ts";
import { userFileCodes } from "./user-file-codes.ts";
import { verifyEvidence, type VerifyTools } from "./verify-evidence.ts";

/** What a plan is compared with: a plan file, or the plan of a run whose evidence verified. */
export type PreviousPlan = {
  readonly path: string;
  readonly run?: { readonly runId: string; readonly outcome: string; readonly approvedBy: readonly string[] };
  readonly diff: PlanDiff;
};

const OPENING_BRACE = 0x7b;

/**
 * Compares a plan with an earlier one of the same pack. Evidence is verified with the same trust root before anything of it
 * is shown; a plan file is only what its owner says it is. Faults: USER_FILE_READ, APPROVAL_PREVIOUS.
 */
export async function comparePrevious(
  path: string,
  plan: Plan,
  trust: ApprovalTrust,
  tools: VerifyTools,
): Promise<Result<PreviousPlan>> {
  const start = await startOf(path);
  const bytes = start.ok && start.value === OPENING_BRACE ? await readUserFile(path) : start;
  if (!bytes.ok) {
    return bytes;
  }
  const before =
    bytes.value instanceof Uint8Array ? planOnly(path, bytes.value) : await planOfEvidence(path, trust, tools);
  if (!before.ok) {
    return before;
  }
  const { plan: earlier, run } = before.value;
  if (earlier.pack.name !== plan.pack.name) {
    return refuse(path, `it is a plan of ${earlier.pack.name}, this one is of ${plan.pack.name}`);
  }
  return ok({ path, ...(run === undefined ? {} : { run }), diff: planDiff(earlier, plan) });
}

/** The first byte of a file, for an archive is not read whole; undefined of a folder. Fault: USER_FILE_READ. */
async function startOf(path: string): Promise<Result<number | undefined>> {
  try {
    await using file = await open(path, "r");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1));
    return ok(bytesRead === 0 ? undefined : buffer[0]);
  } catch (error) {
    return systemCode(error) === "EISDIR"
      ? ok(undefined)
      : fail(faultOf(userFileCodes, "USER_FILE_READ", { file: path, problem: systemProblem(error) }));
  }
}

type Earlier = { readonly plan: Plan; readonly run?: NonNullable<PreviousPlan["run"]> };

function planOnly(path: string, bytes: Uint8Array): Result<Earlier> {
  const plan = readPlan(bytes);
  return plan.ok ? ok({ plan: plan.value }) : refuse(path, plan.fault.message);
}

async function planOfEvidence(path: string, trust: ApprovalTrust, tools: VerifyTools): Promise<Result<Earlier>> {
  const bundle = await openBundle(path);
  if (!bundle.ok) {
    return refuse(path, bundle.fault.message);
  }
  try {
    return await verifiedPlan(path, bundle.value.source, trust, tools);
  } finally {
    await bundle.value.close();
  }
}

async function verifiedPlan(
  path: string,
  source: BundleSource,
  trust: ApprovalTrust,
  tools: VerifyTools,
): Promise<Result<Earlier>> {
  const bytes = await readBundleFile(source, PLAN_PATH);
  if (!bytes.ok) {
    return refuse(path, bytes.fault.message);
  }
  const planHash = digestOf(bytes.value, tools.sha256);
  const { rootBytes: trustRoot, revocations } = trust;
  const held = revocations === undefined ? {} : { revocations: revocations.files };
  const verdict = await verifyEvidence({ path, trustRoot, planHash, ...held }, tools);
  if (!verdict.ok) {
    return refuse(path, verdict.fault.message);
  }
  const failed = verdict.value.checks.find(({ status }) => status === "fail");
  if (verdict.value.verdict === "failed") {
    return refuse(path, `its evidence does not verify: ${failed?.why ?? "see packrun verify"}`);
  }
  const plan = readPlan(bytes.value);
  const shown = plan.ok ? await showEvidence(source, tools.sha256) : plan;
  if (!plan.ok || !shown.ok) {
    return shown as Result<never>;
  }
  const { attestation, takenBack } = shown.value;
  const { runId, outcome, approvals } = attestation;
  const approved = approvals
    .filter(({ decision }, at) => decision === "approve" && takenBack[at] === null)
    .map(({ principal }) => principal);
  return ok({ plan: plan.value, run: { runId, outcome, approvedBy: [...new Set(approved)] } });
}

function refuse(path: string, problem: string): Result<never> {
  return fail(faultOf(approvalUseCodes, "APPROVAL_PREVIOUS", { path, problem }));
}
