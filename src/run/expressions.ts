import { isJsonObject, type Json } from "#canon/json.ts";
import { ok, type Result } from "#fault/result.ts";
import { evaluateCondition, evaluateTemplate } from "#plan/evaluate-template.ts";
import { isCel, type Plan } from "#plan/plan.ts";
import type { Instance } from "./instance.ts";
import type { RunState } from "./state.ts";
import { itemsOf, iterationsOf, viewOfStep } from "./step-view.ts";

/** A `when`, seen from this step. */
export function conditionHolds(state: RunState, viewer: Instance, when: Json | undefined): Result<boolean> {
  return typeof when === "boolean"
    ? ok(when)
    : evaluateCondition(when ?? true, expressionContext(state, viewer, expressionsIn(when ?? true)), state.plan);
}

/** A value of the plan with every expression in it evaluated, seen from this step or from the run as a whole. */
export function valueOf(state: RunState, viewer: Instance | undefined, template: Json): Result<Json> {
  const expressions = expressionsIn(template);
  return expressions.length === 0
    ? ok(template)
    : evaluateTemplate(template, expressionContext(state, viewer, expressions), state.plan);
}

/** Every expression that is left in a value. */
export function expressionsIn(template: Json): readonly string[] {
  const found: string[] = [];
  collect(template, found);
  return found;
}

function collect(template: Json, found: string[]): void {
  if (isCel(template)) {
    found.push(...template.$cel.flatMap((part) => (typeof part === "string" ? [] : [part.expr])));
  } else if (Array.isArray(template)) {
    template.forEach((item: Json) => collect(item, found));
  } else if (isJsonObject(template)) {
    Object.values(template as Readonly<Record<string, Json>>).forEach((member) => collect(member, found));
  }
}

/** What expressions see: as few steps as these mention, because a run may have thousands. */
function expressionContext(
  state: RunState,
  viewer: Instance | undefined,
  expressions: readonly string[],
): Readonly<Record<string, Json>> {
  const context: Record<string, Json> = {
    ...wholeRunContext(state),
    steps: stepsMentioned(state, viewer, expressions),
  };
  for (const { map, index } of iterationsOf(viewer)) {
    context["index"] = index;
    if (map.at.node.kind === "map") {
      context[map.at.node.as] = itemsOf(state, map)[index] ?? null;
    }
  }
  return context;
}

/** What every expression sees alike. */
export function wholeRunContext({ plan, identity }: RunState): Readonly<Record<string, Json>> {
  return {
    inputs: inputsOf(plan),
    pack: { name: plan.pack.name, version: plan.pack.version },
    run: { id: identity.runId },
  };
}

const inputsSeen = new WeakMap<Plan, Readonly<Record<string, Json>>>();

/** Inputs as expressions see them, made once for each plan: what is converted of them stays converted. */
function inputsOf(plan: Plan): Readonly<Record<string, Json>> {
  const made = inputsSeen.get(plan) ?? makeInputs(plan);
  inputsSeen.set(plan, made);
  return made;
}

function makeInputs(plan: Plan): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(plan.inputs).map(([name, input]) => [
      name,
      input.type === "file" || input.type === "directory"
        ? { ...input, path: `/run/packrun/inputs/${name}/${input.name}` }
        : input.value,
    ]),
  );
}

/** A name is mentioned when it stands anywhere in the text: too many are harmless. */
function stepsMentioned(
  state: RunState,
  viewer: Instance | undefined,
  expressions: readonly string[],
): Readonly<Record<string, Json>> {
  const steps: Record<string, Json> = {};
  for (const name of expressions.flatMap((text) => text.match(/[a-z][A-Za-z0-9_-]*/g) ?? [])) {
    for (const part of [name, ...name.split("-")]) {
      const target = state.live.graph.byName.get(part);
      if (target !== undefined && !Object.hasOwn(steps, part)) {
        steps[part] = viewOfStep(state, target, viewer);
      }
    }
  }
  return steps;
}
