import type { Json } from "#canon/json.ts";
import { packDefinitions, packShape } from "./pack-shape.ts";

/** The JSON Schema 2020-12 of `pack.yaml`, for editors and for `schemas/pack.schema.json`. */
export function packSchema(): Json {
  const shape = packShape.schema as { readonly [name: string]: Json };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "https://packrun.dev/schemas/pack.schema.json",
    title: "packrun Task Pack",
    description: "A pack.yaml: what runs, in which sandbox, behind which gates. Specified in SPEC.md.",
    ...shape,
    $defs: Object.fromEntries(Object.entries(packDefinitions).map(([name, { schema }]) => [name, schema])),
  };
}
