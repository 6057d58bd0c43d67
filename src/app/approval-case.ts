import { readApprovalRequest, type ApprovalRequest } from "#attest/approval-request.ts";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { ok, type Result } from "#fault/result.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { readInputsLock, type InputsLock } from "#plan/inputs-lock.ts";
import type { ApprovalRule, Plan } from "#plan/plan.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { simulate, type Simulation } from "#view/simulation.ts";
import { simulationText } from "#view/simulation-text.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { FOLDER } from "./approval-folder.ts";
import { lockProblem, requestProblem, ruleOf } from "./approval-binding.ts";
import { holdPack } from "./approval-pack.ts";
import { openCaseReader, type CaseReader } from "./approval-reader.ts";

/** One request with everything that its decision is judged by. Every member is what the request's digests say. */
export type ApprovalCase = {
  readonly request: ApprovalRequest;
  readonly requestDigest: Digest;
  readonly requestSidecar: Uint8Array;
  /** The sidecar over the plan by which somebody asked for the run. */
  readonly runRequest: Uint8Array;
  readonly plan: Plan;
  /** Of the plan's bytes, computed here. */
  readonly planHash: Digest;
  readonly rule: ApprovalRule;
  readonly inputsLock: InputsLock;
  readonly packFiles: readonly FileEntry[];
  readonly simulation: Simulation;
};

/**
 * Reads an approval folder and holds every file of it to the request: the plan to the planHash, the inputs lock to plan and
 * request, the pack to its digest, and the plan to what pack and inputs compile to here. Whose request it is, is another
 * question (`checkApprovalSigners`). Faults: APPROVAL_FOLDER, APPROVAL_FOLDER_MISMATCH, and those of the formats.
 */
export async function readApprovalCase(
  source: BundleSource,
  name: string,
  sha256: Sha256,
): Promise<Result<ApprovalCase>> {
  const opened = await openCaseReader(source, name);
  if (!opened.ok) {
    return opened;
  }
  const reader = opened.value;
  const asked = await readAsked(reader, sha256);
  if (!asked.ok) {
    return asked;
  }
  const inputsLock = await reader.document(FOLDER.inputsLock);
  const lock = inputsLock.ok ? readInputsLock(inputsLock.value) : inputsLock;
  if (!inputsLock.ok || !lock.ok) {
    return lock as Result<never>;
  }
  const unlocked = lockProblem(lock.value, asked.value, sha256);
  if (unlocked !== undefined) {
    return reader.other(FOLDER.inputsLock, unlocked);
  }
  const packFiles = await holdPack(reader, { ...asked.value, inputsLock: inputsLock.value }, sha256);
  const simulation = packFiles.ok ? await holdSimulation(reader, asked.value.plan, sha256) : packFiles;
  return packFiles.ok && simulation.ok
    ? ok({ ...asked.value, inputsLock: lock.value, packFiles: packFiles.value, simulation: simulation.value })
    : (simulation as Result<never>);
}

type Asked = Pick<
  ApprovalCase,
  "request" | "requestDigest" | "requestSidecar" | "runRequest" | "plan" | "planHash" | "rule"
> & { readonly planBytes: Uint8Array };

/** The request and the plan that it names. */
async function readAsked(reader: CaseReader, sha256: Sha256): Promise<Result<Asked>> {
  const bytes = await reader.document(FOLDER.request);
  const request = bytes.ok ? readApprovalRequest(bytes.value) : bytes;
  if (!bytes.ok || !request.ok) {
    return request as Result<never>;
  }
  const requestSidecar = await reader.document(FOLDER.requestSidecar);
  const runRequest = requestSidecar.ok ? await reader.document(FOLDER.runRequest) : requestSidecar;
  const planBytes = runRequest.ok ? await reader.document(FOLDER.plan) : runRequest;
  if (!requestSidecar.ok || !runRequest.ok || !planBytes.ok) {
    return planBytes as Result<never>;
  }
  const planHash = digestOf(planBytes.value, sha256);
  if (planHash !== request.value.planHash) {
    return reader.other(FOLDER.plan, `its SHA-256 is ${planHash}, the request is for ${request.value.planHash}`);
  }
  const plan = readPlan(planBytes.value);
  if (!plan.ok) {
    return plan;
  }
  const rule = ruleOf(plan.value, request.value);
  const problem = rule === undefined ? "it has no such gate" : requestProblem(request.value, plan.value, rule, sha256);
  if (rule === undefined || problem !== undefined) {
    return reader.other(FOLDER.plan, problem ?? "");
  }
  return ok({
    request: request.value,
    requestDigest: digestOf(bytes.value, sha256),
    requestSidecar: requestSidecar.value,
    runRequest: runRequest.value,
    plan: plan.value,
    planBytes: planBytes.value,
    planHash,
    rule,
  });
}

/** What the plan would do, made here. A simulation that lies in the folder may be absent, but never say something else. */
async function holdSimulation(reader: CaseReader, plan: Plan, sha256: Sha256): Promise<Result<Simulation>> {
  const simulation = simulate(plan, {}, sha256);
  if (!simulation.ok) {
    return simulation;
  }
  for (const [path, expected] of simulationFiles(simulation.value)) {
    const found = reader.has(path) ? await reader.hexOf(path) : undefined;
    if (found?.ok === false) {
      return found;
    }
    if (found !== undefined && `sha256:${found.value}` !== digestOf(expected, sha256)) {
      return reader.other(path, "the plan's own simulation is another");
    }
  }
  return simulation;
}

/** The simulation as files for people and programs that have no packrun. */
export function simulationFiles(simulation: Simulation): readonly (readonly [path: string, bytes: Uint8Array])[] {
  return [
    [FOLDER.simulationText, encodeUtf8(simulationText(simulation))],
    [FOLDER.simulationJson, encodeUtf8(`${JSON.stringify(simulation)}\n`)],
  ];
}
