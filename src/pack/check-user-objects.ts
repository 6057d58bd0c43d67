import type { Json, JsonObject } from "#canon/json.ts";
import type { PathPart } from "#canon/shape.ts";
import type { Findings } from "./findings.ts";
import { isObject, membersOf, objectOf, type StepView } from "./step-view.ts";

/** In the plan, `$cel` marks what is not known yet: no object of the user's may look like it. Schemas have names of their own. */
export function checkUserObjects(views: readonly StepView[], spec: JsonObject, findings: Findings): void {
  for (const [name, input] of membersOf(spec["inputs"])) {
    refuseDollars(objectOf(input)["default"], ["spec", "inputs", name, "default"], findings);
  }
  for (const { kind, body, path } of views) {
    if (kind === "map") {
      refuseDollars(body["items"], [...path, kind, "items"], findings);
    } else if (kind === "run" || kind === "gate") {
      const { schema, ...others } = objectOf(body["with"]);
      const isSchema = kind === "run" && body["uses"] === "schema.validate";
      refuseDollars(others, [...path, kind, "with"], findings);
      refuseDollars(schema, [...path, kind, "with", "schema"], findings, isSchema ? SCHEMA_KEYWORDS : undefined);
    }
  }
}

/** JSON Schema 2020-12, Core, section 8: a schema that stands in the pack itself may use them like one in a file. */
const SCHEMA_KEYWORDS: ReadonlySet<string> = new Set([
  "$anchor",
  "$comment",
  "$defs",
  "$dynamicAnchor",
  "$dynamicRef",
  "$id",
  "$ref",
  "$schema",
  "$vocabulary",
]);

function refuseDollars(
  value: Json | undefined,
  path: readonly PathPart[],
  findings: Findings,
  allowed: ReadonlySet<string> = new Set(),
): void {
  if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      if (name.startsWith("$") && !allowed.has(name)) {
        findings.add(
          "PACK_VALUE",
          { problem: `the name "${name}" starts with $` },
          { path: [...path, name], part: "key" },
          { hint: "rename it: names that start with $ are kept for packrun" },
        );
      }
      refuseDollars(member, [...path, name], findings, allowed);
    }
  } else if (Array.isArray(value)) {
    (value as readonly Json[]).forEach((item, at) => refuseDollars(item, [...path, at], findings, allowed));
  }
}
