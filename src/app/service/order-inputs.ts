import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseDigest, type Digest } from "#canon/digest.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Pack } from "#pack/pack.ts";
import { stageTree } from "#step/stage-tree.ts";
import type { Given } from "../given-inputs.ts";
import { refusedBy, type PlanRefusal } from "../plan-refusal.ts";
import type { Workplace } from "../workplace.ts";
import { serviceCodes } from "./service-codes.ts";
import type { ServiceOrder } from "./service.ts";

/** What the body of a request is called in messages. */
const BODY = "request";

/**
 * The inputs of an order as the plan takes them. Files and directories are laid out below `folder`, from what the tenant
 * has stored: a text would be a path on this machine, and is refused. Faults: ORDER_INPUT, those of the artifact store.
 */
export async function orderInputs(
  order: ServiceOrder,
  pack: Pack,
  folder: string,
  workplace: Workplace,
): Promise<Result<readonly Given[], PlanRefusal>> {
  const given: Given[] = [];
  for (const [name, value] of Object.entries(order.inputs)) {
    const rule = Object.hasOwn(pack.spec.inputs, name) ? pack.spec.inputs[name] : undefined;
    const base = { name, source: "api", at: { file: BODY }, folder } as const;
    if (rule?.type !== "file" && rule?.type !== "directory") {
      given.push({ ...base, given: { value } });
      continue;
    }
    const digest = artifactOf(value);
    const { tenantId } = workplace.settings;
    if (digest === undefined || !(await workplace.artifacts.has(tenantId, digest))) {
      return refusedBy(faultOf(serviceCodes, "ORDER_INPUT", { name, type: rule.type }));
    }
    const staged = await stageInput(digest, rule.type, join(folder, name), workplace);
    if (!staged.ok) {
      return refusedBy(staged.fault);
    }
    given.push({ ...base, given: { text: join(folder, name, name) } });
  }
  return ok(given);
}

/** Exactly `{artifact: "sha256:…"}`. */
function artifactOf(value: Json): Digest | undefined {
  const artifact = isJsonObject(value) && Object.keys(value).length === 1 ? value["artifact"] : undefined;
  return typeof artifact === "string" ? parseDigest(artifact) : undefined;
}

/** The input's name is that of its file: nobody else names it. */
async function stageInput(
  digest: Digest,
  type: "file" | "directory",
  place: string,
  { artifacts, settings: { tenantId } }: Workplace,
): Promise<Result<void>> {
  await mkdir(place);
  const path = join(place, place.slice(place.lastIndexOf("/") + 1));
  return type === "file"
    ? artifacts.stage(tenantId, digest, path, false)
    : stageTree(artifacts, tenantId, digest, path);
}
