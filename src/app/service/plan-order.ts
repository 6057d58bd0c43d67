import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planCodes } from "#plan/codes.ts";
import { packBundleUseCodes } from "../pack-bundle-codes.ts";
import { packReference, registryFolder } from "../pack-registry.ts";
import { planPack, type PlannedPack } from "../plan-pack.ts";
import { refusedBy, type PlanRefusal } from "../plan-refusal.ts";
import { checkUnchanged, openRegistered, type RegisteredPack } from "../registered-pack.ts";
import type { Workplace } from "../workplace.ts";
import { orderInputs } from "./order-inputs.ts";
import { serviceCodes } from "./service-codes.ts";
import type { PackChoice, ServiceOrder } from "./service.ts";
import { uploadFolder } from "./uploads.ts";

/** An order as it was planned; the files of its inputs are there as long as it is used. */
export type PlannedOrder = { readonly planned: PlannedPack; readonly registered: RegisteredPack | undefined };

/**
 * Plans an order and hands the plan on. Faults: REGISTRY_*, UPLOAD_UNKNOWN, ORDER_INPUT, PLAN_HASH_MISMATCH, and all that
 * planning finds.
 */
export async function withPlannedOrder<T>(
  order: ServiceOrder,
  workplace: Workplace,
  use: (planned: PlannedOrder) => Promise<Result<T, PlanRefusal>>,
): Promise<Result<T, PlanRefusal>> {
  const found = await findPack(order.pack, workplace);
  if (!found.ok) {
    return refusedBy(found.fault);
  }
  const folder = await mkdtemp(join(tmpdir(), "packrun-order-"));
  try {
    const planned = await planPack(
      {
        pack: found.value.folder,
        inputs: [],
        cwd: folder,
        given: (pack) => orderInputs(order, pack, folder, workplace),
      },
      workplace,
    );
    if (!planned.ok) {
      return planned;
    }
    const asked = checkAsked(planned.value, found.value, order);
    return asked.ok
      ? await use({ planned: planned.value, registered: found.value.registered })
      : refusedBy(asked.fault);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type FoundPack = { readonly folder: string; readonly registered?: RegisteredPack; readonly upload?: string };

async function findPack(choice: PackChoice, workplace: Workplace): Promise<Result<FoundPack>> {
  const { settings, sha256, verifySignature, clock } = workplace;
  if ("upload" in choice) {
    const folder = uploadFolder(choice.upload, settings);
    return folder === undefined || !existsSync(folder)
      ? fail(faultOf(serviceCodes, "UPLOAD_UNKNOWN"))
      : ok({ folder, upload: choice.upload });
  }
  const reference = packReference(choice.ref);
  if (reference === undefined) {
    return fail(faultOf(packBundleUseCodes, "REGISTRY_UNKNOWN", { pack: choice.ref }));
  }
  const tools = { sha256, verifySignature, now: clock.now };
  const registered = await openRegistered(reference, registryFolder(settings), settings, tools);
  return registered.ok ? ok({ folder: registered.value.folder, registered: registered.value }) : registered;
}

/** Whether what was planned is what was asked for: what the publisher signed, what was uploaded, what was approved. */
function checkAsked(planned: PlannedPack, { registered, upload }: FoundPack, order: ServiceOrder): Result<void> {
  const { plan, planHash } = planned.compiled;
  const unchanged = registered === undefined ? ok(undefined) : checkUnchanged(planned, registered);
  if (!unchanged.ok) {
    return unchanged;
  }
  if (upload !== undefined && plan.pack.digest !== upload) {
    return fail(faultOf(serviceCodes, "UPLOAD_UNKNOWN"));
  }
  return order.planHash === undefined || order.planHash === planHash
    ? ok(undefined)
    : fail(faultOf(planCodes, "PLAN_HASH_MISMATCH", { found: planHash, expected: order.planHash }));
}
