import type { Json, JsonObject } from "#canon/json.ts";
import type { PathPart } from "#canon/shape.ts";
import type { Findings } from "./findings.ts";
import { isObject, membersOf, objectOf, type StepView } from "./step-view.ts";

/** In the plan, `$cel` marks what is not known yet: no object of the user's may look like it. */
export function checkUserObjects(views: readonly StepView[], spec: JsonObject, findings: Findings): void {
  for (const [name, input] of membersOf(spec["inputs"])) {
    refuseDollars(objectOf(input)["default"], ["spec", "inputs", name, "default"], findings);
  }
  for (const { kind, body, path } of views) {
    if (kind === "map") {
      refuseDollars(body["items"], [...path, kind, "items"], findings);
    } else if (kind === "run" || kind === "gate") {
      refuseDollars(body["with"], [...path, kind, "with"], findings);
    }
  }
}

function refuseDollars(value: Json | undefined, path: readonly PathPart[], findings: Findings): void {
  if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      if (name.startsWith("$")) {
        findings.add(
          "PACK_VALUE",
          { problem: `the name "${name}" starts with $` },
          { path: [...path, name], part: "key" },
          { hint: "rename it: names that start with $ are kept for packrun" },
        );
      }
      refuseDollars(member, [...path, name], findings);
    }
  } else if (Array.isArray(value)) {
    (value as readonly Json[]).forEach((item, at) => refuseDollars(item, [...path, at], findings));
  }
}
