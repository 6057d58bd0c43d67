import type { Json } from "#canon/json.ts";
import type { CelType } from "./cel-type.ts";

type Kind = CelType["kind"];

/** What helps where a value of this kind should be text; nothing for what can be converted. */
export function textHint(kind: Kind | undefined): { readonly hint?: string } {
  if (kind === "list") {
    return { hint: ".join(',') makes one text of a list; size() counts its items" };
  }
  return kind === "map" || kind === "record"
    ? { hint: "an object has no text: name one of its members, as in inputs.release.version" }
    : {};
}

/** The kind of a value, as far as `textHint` asks. */
export function kindOf(value: Json): Kind {
  return Array.isArray(value) ? "list" : typeof value === "object" && value !== null ? "map" : "dyn";
}
