import type { Doubts } from "#pack/doubts.ts";
import type { Pack, PackPath } from "#pack/pack.ts";
import type { Scope } from "./expression-check.ts";
import { declaredType, dyn, int, recordOf, text, type CelRecord, type CelType, type Refusal } from "./cel-type.ts";
import type { OutputRule } from "./plan.ts";
import type { PackNode, PackTree } from "./pack-tree.ts";
import type { StepOrder, Viewer } from "./step-order.ts";

/** Where an input's file or directory stands inside a step: `/run/packrun/inputs/<name>/<basename>`. */
export const INPUTS_FOLDER = "/run/packrun/inputs";

const inputFile: CelRecord = {
  ...recordOf("a file", { type: text, name: text, path: text, size: int, digest: text }),
  reference: true,
};
const inputDirectory: CelRecord = {
  ...recordOf("a directory", { type: text, name: text, path: text, digest: text }),
  reference: true,
};
const outputFile: CelRecord = {
  ...recordOf("a file", { type: text, digest: text, size: int, mediaType: text }),
  reference: true,
};
const outputDirectory: CelRecord = { ...recordOf("a directory", { type: text, digest: text }), reference: true };

export type Scopes = {
  /** What an expression of a step, or of the pack's outputs, may name. */
  readonly of: (viewer: Viewer) => Scope;
  /** What the expression of a policy may name when this gate evaluates it. */
  readonly ofPolicy: (gate: PackNode, given: readonly string[]) => Scope;
  /** What the expression of a policy may name when some gate, somewhere, evaluates it. */
  readonly ofUnusedPolicy: () => Scope;
  /** Says what the items of a map are; until then they may be anything. */
  readonly setItem: (map: PackNode, type: CelType) => void;
};

export type ScopeSource = {
  readonly pack: Pack;
  readonly tree: PackTree;
  readonly order: StepOrder;
  /** What is in doubt may be anything, and gives rise to no finding. */
  readonly doubts: Doubts;
  /** Undefined for those of a built-in that there is not. */
  readonly outputsOf: (node: PackNode) => Readonly<Record<string, OutputRule>> | undefined;
  readonly nearest: (name: string, known: Iterable<string>) => string | undefined;
};

export function stepScopes(source: ScopeSource): Scopes {
  const items = new Map<PackNode, CelType>();
  const constant: Readonly<Record<string, CelType>> = {
    inputs: inputsType(source),
    pack: recordOf("the pack", { name: text, version: text }),
    run: recordOf("the run", { id: text }),
  };
  const known: KnownSteps = { types: new Map(), hidden: undefined };
  const scopeWith = (variables: Readonly<Record<string, CelType>>, isOpen = false): Scope => ({
    variable: (name) =>
      Object.hasOwn(variables, name) ? variables[name] : isOpen || source.doubts.mayBe(name) ? dyn : undefined,
    names: () => Object.keys(variables),
    nearest: source.nearest,
  });
  return {
    of: (viewer) => {
      const around: Record<string, CelType> = { ...constant, steps: stepsType(source, viewer, known) };
      const maps = viewer === "end" ? [] : viewer.maps;
      for (const map of maps) {
        around["index"] = int;
        if (map.step.kind === "map") {
          around[map.step.as] = items.get(map) ?? dyn;
        }
      }
      const isOpen = maps.some(({ step: { path } }) => source.doubts.touch([...path, "map", "as"]));
      return scopeWith(around, isOpen);
    },
    ofPolicy: (gate, given) => {
      const members = Object.fromEntries(given.map((name) => [name, dyn]));
      const steps = stepsType(source, gate, known);
      const named = recordOf('what "with" gives', members);
      return scopeWith({ ...constant, steps, with: withDoubts(named, [...gate.step.path, "gate", "with"], source) });
    },
    ofUnusedPolicy: () => scopeWith({ ...constant, steps: stepsType(source, "anywhere", known), with: dyn }),
    setItem: (map, type) => void items.set(map, type),
  };
}

function inputsType(source: ScopeSource): CelType {
  const declared = recordOf(
    "the inputs",
    Object.fromEntries(
      Object.entries(source.pack.spec.inputs).map(([name, { type }]) => [
        name,
        type === "file" ? inputFile : type === "directory" ? inputDirectory : declaredType(type),
      ]),
    ),
  );
  return withDoubts(declared, ["spec", "inputs"], source);
}

/** An object that stands at a path of the pack, whose other members may be what is wrong there. */
function withDoubts(record: CelRecord, path: PackPath, { doubts }: Pick<ScopeSource, "doubts">): CelRecord {
  return {
    ...record,
    member: (name) => record.member(name) ?? (doubts.touch([...path, name]) || doubts.mayBe(name) ? dyn : undefined),
  };
}

/** What is found out about the steps of a pack once, because many look. */
type KnownSteps = { readonly types: Map<PackNode, CelRecord>; hidden: boolean | undefined };

/** Whether there may be steps whose ids are not seen. */
function hidesSteps({ tree, doubts }: ScopeSource): boolean {
  return (
    doubts.cover(["spec", "steps"]) ||
    doubts.cover(["spec", "finally"]) ||
    tree.nodes.some(({ step: { path, kind } }) =>
      [[...path, "id"], ...(kind === "map" || kind === "parallel" ? [[...path, kind, "steps"]] : [])].some((at) =>
        doubts.cover(at),
      ),
    )
  );
}

/** From `anywhere`, no step comes too early, and what is in a map may be seen as one or as a list. */
function stepsType(source: ScopeSource, viewer: Viewer | "anywhere", known: KnownSteps): CelRecord {
  const { tree, order, doubts } = source;
  return {
    kind: "record",
    title: "the steps",
    spaceOnly: true,
    names: () => tree.byId.keys(),
    member: (id) => {
      const target = tree.byId.get(id);
      if (target === undefined) {
        known.hidden ??= hidesSteps(source);
        return known.hidden || doubts.mayBe(id) ? dyn : undefined;
      }
      if (doubts.cover([...target.step.path, "id"])) {
        return dyn;
      }
      if (viewer === "anywhere") {
        return target.maps.length > 0 ? dyn : stepType(target, source, known.types);
      }
      if (!order.isBefore(target, viewer)) {
        return order.isUnsure(target, viewer) ? dyn : tooEarly(target, viewer);
      }
      return inLists(stepType(target, source, known.types), foreignMaps(target, viewer));
    },
  };
}

/** One step as expressions see it: kept, because others look at it again and again. */
function stepType(target: PackNode, source: ScopeSource, known: Map<PackNode, CelRecord>): CelRecord {
  const before = known.get(target);
  if (before !== undefined) {
    return before;
  }
  const { id } = target.step;
  let outputs: CelRecord | undefined;
  const made: CelRecord = {
    kind: "record",
    title: `step "${id}"`,
    names: () => ["status", "outputs"],
    member: (name) =>
      name === "status" ? text : name === "outputs" ? (outputs ??= outputsType(target, source)) : undefined,
  };
  known.set(target, made);
  return made;
}

function outputsType(target: PackNode, source: ScopeSource): CelRecord {
  const { id, path } = target.step;
  const found = source.outputsOf(target);
  const rules = found ?? {};
  // Those of a built-in are not declared: they are not known when it is not.
  const isUnknown = found === undefined || (Object.keys(rules).length === 0 && source.doubts.touch([...path, "run"]));
  const declared: CelRecord = {
    kind: "record",
    title: `the outputs of "${id}"`,
    names: () => Object.keys(rules),
    member: (name) => {
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
      return rule === undefined ? (isUnknown ? dyn : undefined) : outputType(rule);
    },
  };
  return withDoubts(declared, [...path, "outputs"], source);
}

function outputType(rule: OutputRule): CelType {
  if ("file" in rule) {
    return outputFile;
  }
  return "dir" in rule ? outputDirectory : declaredType(rule.type);
}

/** How many maps the target is in and the viewer is not: it is seen as a list for each. */
function foreignMaps(target: PackNode, viewer: Viewer): number {
  const around = viewer === "end" ? [] : viewer.maps;
  let shared = 0;
  while (shared < target.maps.length && target.maps[shared] === around[shared]) {
    shared += 1;
  }
  return target.maps.length - shared;
}

function inLists(record: CelRecord, depth: number): CelType {
  let type: CelType = depth === 0 ? record : { ...record, nullable: true };
  for (let level = 0; level < depth; level += 1) {
    type = { kind: "list", item: type };
  }
  return type;
}

function tooEarly(target: PackNode, viewer: Viewer): Refusal {
  const step = target.step.id;
  if (viewer === "end" || target === viewer) {
    return refusal(step, "itself", "a step cannot look at itself");
  }
  const data = { step, viewer: `"${viewer.step.id}"` };
  if (isAround(target, viewer)) {
    return { kind: "refused", code: "EXPR_ORDER", data, hint: `"${viewer.step.id}" is a part of it` };
  }
  const shared = viewer.parent === target.parent && viewer.parent?.step.kind === "parallel";
  return shared
    ? { kind: "refused", code: "EXPR_ORDER", data, hint: `add needs: [${step}] to "${viewer.step.id}"` }
    : { kind: "refused", code: "EXPR_ORDER", data };
}

function refusal(step: string, viewer: string, hint: string): Refusal {
  return { kind: "refused", code: "EXPR_ORDER", data: { step, viewer }, hint };
}

function isAround(container: PackNode, node: PackNode): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (at === container) {
      return true;
    }
  }
  return false;
}
