import type { Json } from "#canon/json.ts";
import type { ApprovalGateStep, MapStep, PolicyGateStep } from "#pack/pack.ts";
import { celConstants } from "./cel-functions.ts";
import { celProgram } from "./cel-program.ts";
import { bool, dyn, int, text, type CelType } from "./cel-type.ts";
import type { CompileDesk } from "./compile-desk.ts";
import { compileRun, textAt } from "./compile-run.ts";
import { below, compileJson, isWrong, compileMembers, compileString } from "./compile-value.ts";
import type { Place } from "./expression-reader.ts";
import type { ApprovalGateNode, Cel, MapNode, PlanNode, PolicyGateNode } from "./plan.ts";
import type { PackNode } from "./pack-tree.ts";
import { templateParts } from "./template-text.ts";

/** The plan node of a step. Containers are compiled before what they hold. */
export function compileNode(node: PackNode, desk: CompileDesk): PlanNode {
  const { step } = node;
  const place: Place = { path: () => step.path, viewer: node };
  const common = {
    id: node.id,
    parent: node.parent?.id ?? null,
    needs: node.needs.map(({ id }) => id).sort(),
    continueOnError: step.continueOnError,
  };
  if (step.kind === "gate.approval") {
    return { ...common, kind: step.kind, ...approvalGate(step, place, desk) };
  }
  const when = conditionOf(step.when, place, desk);
  switch (step.kind) {
    case "run":
      return { ...common, ...when, kind: step.kind, ...compileRun(step, place, desk) };
    case "parallel":
      return { ...common, ...when, kind: step.kind, ...limitOf(step.maxParallel) };
    case "map":
      return { ...common, ...when, kind: step.kind, ...mapPart(step, node, place, desk) };
    case "gate.policy":
      return { ...common, ...when, kind: step.kind, ...policyGate(step, place, desk) };
  }
}

function limitOf(maxParallel: number | undefined): { readonly maxParallel?: number } {
  return maxParallel === undefined ? {} : { maxParallel };
}

function conditionOf(when: string | undefined, place: Place, desk: CompileDesk): { readonly when?: boolean | Cel } {
  if (when === undefined) {
    return {};
  }
  const { value } = compileString(when, "condition", below(place, "when"), desk.reader);
  return { when: value as boolean | Cel };
}

function approvalGate(
  { approval, message }: ApprovalGateStep,
  place: Place,
  desk: CompileDesk,
): Pick<ApprovalGateNode, "approval" | "message"> {
  return message === undefined
    ? { approval }
    : { approval, message: textAt(message, below(below(place, "gate"), "message"), desk) };
}

function policyGate(
  { policy, with: given, failAction }: PolicyGateStep,
  place: Place,
  desk: CompileDesk,
): Pick<PolicyGateNode, "policy" | "with" | "failAction"> {
  return given === undefined
    ? { policy, failAction }
    : { policy, with: compileMembers(given, below(below(place, "gate"), "with"), desk.reader), failAction };
}

type MapPart = Pick<MapNode, "items" | "as" | "maxItems" | "maxParallel">;

function mapPart(step: MapStep, node: PackNode, place: Place, desk: CompileDesk): MapPart {
  const map = below(place, "map");
  const { items, type } = itemsOf(step, below(map, "items"), desk);
  desk.scopes.setItem(node, type);
  if (celConstants.has(step.as)) {
    const problem = `"${step.as}" already means something in expressions`;
    desk.findings.add("PACK_VALUE", { problem }, { path: [...map.path(), "as"], part: "value" }, "take another name");
  }
  const count = Array.isArray(items) ? items.length : undefined;
  const maxItems = isWrong(items) ? 0 : boundOf(step, count, map, desk);
  return { items, as: step.as, maxItems, ...limitOf(step.maxParallel) };
}

function itemsOf(
  { items }: MapStep,
  place: Place,
  desk: CompileDesk,
): { readonly items: Json; readonly type: CelType } {
  if (typeof items === "string") {
    const { value, type } = compileString(items, "list", place, desk.reader);
    return Array.isArray(value)
      ? { items: value, type: commonType(value as readonly Json[]) }
      : { items: value, type: type.kind === "list" ? type.item : dyn };
  }
  const compiled = items.map((item, at) => compileJson(item, below(place, at), desk.reader));
  return { items: compiled, type: commonType(compiled) };
}

/** How many items a map has at most: as many as it has, when that is known. */
function boundOf(step: MapStep, count: number | undefined, map: Place, { findings, open }: CompileDesk): number {
  const { id, maxItems } = step;
  if (count !== undefined && maxItems !== undefined && count > maxItems) {
    findings.add(
      "PLAN_MAP_TOO_MANY",
      { id, count, limit: maxItems },
      { path: [...map.path(), "maxItems"], part: "value" },
    );
  }
  if (count === undefined && maxItems === undefined && !(open && dependsOnInputs(step.items))) {
    findings.add("PLAN_MAP_UNBOUNDED", { id }, { path: [...map.path(), "items"], part: "key" });
  }
  return count ?? maxItems ?? 0;
}

/** True for items that will be known when the plan is made with its inputs. */
function dependsOnInputs(items: MapStep["items"]): boolean {
  const [expression] = typeof items === "string" ? templateParts(items) : [];
  const program = typeof expression === "object" ? celProgram(expression.source) : undefined;
  return program?.ok === true && [...program.value.roots.keys()].every((root) => root === "inputs" || root === "pack");
}

/** What all of these are, when they are of one scalar type. */
function commonType(items: readonly Json[]): CelType {
  const types = new Set(items.map(scalarType));
  const [only] = types;
  return types.size === 1 && only !== undefined ? only : dyn;
}

function scalarType(item: Json): CelType | undefined {
  if (typeof item === "string") {
    return text;
  }
  if (typeof item === "number") {
    return Number.isSafeInteger(item) ? int : undefined;
  }
  return typeof item === "boolean" ? bool : undefined;
}
