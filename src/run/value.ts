import { anything, digest, integer, literal, object, string, tagged, type Infer, type Shape } from "#canon/shape.ts";
import type { Json } from "#canon/json.ts";
import { VALUE_TYPES, type ValueType } from "#plan/plan.ts";

/** A value that a step or a pack produced. Files and directories are named by digest; bytes are in the artifact store. */
export const valueShape = tagged("type", {
  ...(Object.fromEntries(
    VALUE_TYPES.map((type) => [type, object({ type: literal(type), value: anything() })]),
  ) as Record<ValueType, Shape<{ readonly type: ValueType; readonly value: Json }>>),
  file: object({ type: literal("file"), digest: digest(), size: integer({ min: 0 }) }, { mediaType: string() }),
  directory: object({ type: literal("directory"), digest: digest() }),
});
export type Value = Infer<typeof valueShape>;

/** Outputs by name; names that were not produced are absent. */
export type Values = Readonly<Record<string, Value>>;
