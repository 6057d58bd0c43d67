import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import type { PathPart } from "#canon/shape.ts";
import { KIND_MEMBERS } from "./step-shape.ts";

type StepKindMember = (typeof KIND_MEMBERS)[number];

/** A step as it is written, right or wrong, and where it stands. What is not as it should be is absent here. */
export type StepView = {
  readonly raw: JsonObject;
  readonly path: readonly PathPart[];
  readonly id: string | undefined;
  /** The first of `run gate map parallel` that it has. */
  readonly kind: StepKindMember | undefined;
  /** What stands under that member, if it is an object. */
  readonly body: JsonObject;
  readonly parent: StepView | undefined;
  readonly section: "steps" | "finally";
  /** How many containers this one stands in, itself included when it is one. */
  readonly depth: number;
};

const NOTHING: JsonObject = {};

/** All steps of a pack, in the order of the text. Containers come before what they hold. */
export function stepViews(spec: JsonObject): readonly StepView[] {
  const views: StepView[] = [];
  for (const section of ["steps", "finally"] as const) {
    visit(spec[section], ["spec", section], undefined, section, views);
  }
  return views;
}

function visit(
  list: Json | undefined,
  path: readonly PathPart[],
  parent: StepView | undefined,
  section: StepView["section"],
  views: StepView[],
): void {
  for (const [at, raw] of listOf(list).entries()) {
    if (!isObject(raw)) {
      continue;
    }
    const kind = KIND_MEMBERS.find((member) => Object.hasOwn(raw, member));
    const isContainer = kind === "map" || kind === "parallel";
    const view: StepView = {
      raw,
      path: [...path, at],
      id: textOf(raw["id"]),
      kind,
      body: kind === undefined ? NOTHING : objectOf(raw[kind]),
      parent,
      section,
      depth: (parent?.depth ?? 0) + (isContainer ? 1 : 0),
    };
    views.push(view);
    if (isContainer) {
      visit(view.body["steps"], [...view.path, kind, "steps"], view, section, views);
    }
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return isJsonObject(value);
}

/** The members of an object, own ones only; nothing for any other value. */
export function membersOf(value: Json | undefined): readonly (readonly [string, Json])[] {
  return isObject(value) ? Object.entries(value) : [];
}

export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : NOTHING;
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
