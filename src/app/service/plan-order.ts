import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "#canon/digest.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planCodes } from "#plan/codes.ts";
import type { Plan } from "#plan/plan.ts";
import type { Simulation } from "#view/simulation.ts";
import { packReference, registryFolder } from "../pack-registry.ts";
import type { PlannedPack } from "../plan-pack.ts";
import { orRefused, refusedBy, type PlanRefusal } from "../plan-refusal.ts";
import { checkUnchanged, openRegistered, type RegisteredPack } from "../registered-pack.ts";
import type { Workplace } from "../workplace.ts";
import { packUnknown } from "./pack-unknown.ts";
import type { PlanOrder, SentPlan, StagedInput } from "./planner/planner-job.ts";
import { serviceCodes } from "./service-codes.ts";
import type { PackChoice, ServiceOrder } from "./service.ts";
import { namesArtifacts, stageInputs } from "./stage-inputs.ts";
import { uploadFolder } from "./uploads.ts";

/** An order as it was planned; the files of its inputs are there as long as it is used. */
export type PlannedOrder = { readonly planned: PlannedPack; readonly registered: RegisteredPack | undefined };

/**
 * Plans an order in the planner's thread and hands the plan on. Faults: REGISTRY_*, UPLOAD_UNKNOWN, ORDER_INPUT,
 * PLAN_HASH_MISMATCH, PLANNER_*, and all that planning finds.
 */
export async function withPlannedOrder<T>(
  order: ServiceOrder,
  workplace: Workplace,
  use: (planned: PlannedOrder) => Promise<Result<T, PlanRefusal>>,
): Promise<Result<T, PlanRefusal>> {
  return withStagedOrder(order, workplace, async (found, job) => {
    const sent = orRefused(await workplace.planner.ask(workplace.settings.tenantId, { kind: "plan", ...job }));
    if (!sent.ok) {
      return sent;
    }
    const planned = received(sent.value);
    const { plan, planHash } = planned.compiled;
    const checked = checkAsked({ planHash, pack: plan.pack }, found, order);
    return checked.ok ? use({ planned, registered: found.registered }) : refusedBy(checked.fault);
  });
}

/** What an order would do, found out in the planner's thread. Faults: as of planning it. */
export async function simulateOrder(
  order: ServiceOrder,
  workplace: Workplace,
): Promise<Result<Simulation, PlanRefusal>> {
  return withStagedOrder(order, workplace, async (found, job) => {
    const sent = orRefused(await workplace.planner.ask(workplace.settings.tenantId, { kind: "simulation", ...job }));
    if (!sent.ok) {
      return sent;
    }
    const checked = checkAsked(sent.value, found, order);
    return checked.ok ? ok(sent.value.simulation) : refusedBy(checked.fault);
  });
}

/** A plan out of the thread: its bytes are canonical JSON, for the thread made them. */
function received({ bytes, planHash, ...rest }: SentPlan): PlannedPack {
  const plan = JSON.parse(decodeUtf8(bytes) ?? "") as Plan;
  return { ...rest, compiled: { plan, bytes, planHash }, diagnostics: [] };
}

/** Finds the pack of an order, lays out its files where it has any, and takes them away in the end. */
async function withStagedOrder<T>(
  order: ServiceOrder,
  workplace: Workplace,
  use: (found: FoundPack, job: PlanOrder) => Promise<Result<T, PlanRefusal>>,
): Promise<Result<T, PlanRefusal>> {
  const found = await findPack(order.pack, workplace);
  if (!found.ok) {
    return refusedBy(found.fault);
  }
  const { folder } = found.value;
  const { inputs } = order;
  if (!namesArtifacts(inputs)) {
    return use(found.value, { folder, inputs, staged: new Map() });
  }
  const place = await mkdtemp(join(tmpdir(), "packrun-order-"));
  try {
    const staged = await stageFor(order, folder, place, workplace);
    return staged.ok ? await use(found.value, { folder, inputs, staged: staged.value }) : staged;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Which inputs are files stands in the pack, which is the planner's to read. */
async function stageFor(
  { inputs }: ServiceOrder,
  folder: string,
  place: string,
  workplace: Workplace,
): Promise<Result<ReadonlyMap<string, StagedInput>, PlanRefusal>> {
  const declared = orRefused(await workplace.planner.ask(workplace.settings.tenantId, { kind: "inputs", folder }));
  if (!declared.ok) {
    return declared;
  }
  const staged = await stageInputs(inputs, declared.value, place, workplace);
  return staged.ok ? staged : refusedBy(staged.fault);
}

type FoundPack = {
  readonly folder: string;
  readonly registered: RegisteredPack | undefined;
  readonly upload: string | undefined;
};

async function findPack(choice: PackChoice, workplace: Workplace): Promise<Result<FoundPack>> {
  const { settings, sha256, verifySignature, clock } = workplace;
  if ("upload" in choice) {
    const folder = uploadFolder(choice.upload, settings);
    return folder === undefined || !existsSync(folder)
      ? fail(faultOf(serviceCodes, "UPLOAD_UNKNOWN"))
      : ok({ folder, registered: undefined, upload: choice.upload });
  }
  const reference = packReference(choice.ref);
  if (reference === undefined) {
    return fail(packUnknown(choice.ref));
  }
  const tools = { sha256, verifySignature, now: clock.now };
  const registered = await openRegistered(reference, registryFolder(settings), settings, tools);
  return registered.ok
    ? ok({ folder: registered.value.folder, registered: registered.value, upload: undefined })
    : registered.fault.code === "REGISTRY_UNKNOWN"
      ? fail(packUnknown(choice.ref))
      : registered;
}

type Asked = { readonly planHash: Digest; readonly pack: Plan["pack"] };

/** Whether what was planned is what was asked for: what the publisher signed, what was uploaded, what was approved. */
function checkAsked({ planHash, pack }: Asked, { registered, upload }: FoundPack, order: ServiceOrder): Result<void> {
  const unchanged =
    registered === undefined ? ok(undefined) : checkUnchanged({ compiled: { plan: { pack } } }, registered);
  if (!unchanged.ok) {
    return unchanged;
  }
  if (upload !== undefined && pack.digest !== upload) {
    return fail(faultOf(serviceCodes, "UPLOAD_UNKNOWN"));
  }
  return order.planHash === undefined || order.planHash === planHash
    ? ok(undefined)
    : fail(faultOf(planCodes, "PLAN_HASH_MISMATCH", { found: planHash, expected: order.planHash }));
}
