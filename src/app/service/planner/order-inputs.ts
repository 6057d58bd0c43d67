import { pointerOf } from "#canon/shape.ts";
import { diagnosticOf } from "#fault/code-table.ts";
import { ok, type Result } from "#fault/result.ts";
import { resolve } from "node:path";
import type { MissingPlace } from "#plan/resolve-inputs.ts";
import type { Given, TypedInputs } from "../../given-inputs.ts";
import { IN_REQUEST, refusedFor, type PlanRefusal } from "../../plan-refusal.ts";
import type { PlanOrder } from "./planner-job.ts";
import { serviceCodes } from "../service-codes.ts";

const DIRECTORY_HINT =
  'store its files and then the tree listing of them with POST /api/artifacts; give {"artifact": "sha256:…"} of the listing';

/** Where an order would have a value that it lacks. */
export const missingInput: MissingPlace = (name) => ({
  file: `${IN_REQUEST}${pointerOf(["inputs", name])}`,
  hint: 'give it in "inputs" of the order; on the command line with -i or --inputs',
});

/**
 * The inputs of an order as the plan takes them. Files and directories are those that were laid out for it, from what the tenant
 * has stored: a text would be a path on this machine, and is refused. Fault: ORDER_INPUT.
 */
export function orderInputs(
  { inputs, staged, folder }: PlanOrder,
  pack: TypedInputs,
): Result<readonly Given[], PlanRefusal> {
  const given: Given[] = [];
  for (const [name, value] of Object.entries(inputs)) {
    const rule = Object.hasOwn(pack.spec.inputs, name) ? pack.spec.inputs[name] : undefined;
    const base = { name, source: "api", at: { file: `${IN_REQUEST}${pointerOf(["inputs", name])}` }, folder } as const;
    if (rule?.type !== "file" && rule?.type !== "directory") {
      given.push({ ...base, given: { value } });
      continue;
    }
    const laid = staged.get(name);
    if (laid === undefined) {
      const hint = rule.type === "directory" ? { hint: DIRECTORY_HINT } : {};
      const found = diagnosticOf(serviceCodes, "ORDER_INPUT", { name, type: rule.type }, { ...base.at, ...hint });
      return refusedFor([found], base.at.file, undefined);
    }
    given.push({ ...base, given: { text: resolve(laid.path) } });
  }
  return ok(given);
}
