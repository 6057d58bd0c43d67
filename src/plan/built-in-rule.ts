import type { JsonObject } from "#canon/json.ts";
import type { Shape } from "#canon/shape.ts";
import type { Fault } from "#fault/fault.ts";
import type { OutputRule } from "./plan.ts";

/** What the plan holds a step that `uses` a built-in to. */
export type BuiltInRule = {
  readonly withShape: Shape<unknown>;
  readonly outputs: Readonly<Record<string, OutputRule>>;
  /** Members of `with` that, where they are plain strings, name a file of the pack; the plan pins its digest. */
  readonly packFiles: readonly string[];
  /** What is wrong with a `with` beyond its shape; members that are not known yet stand as `{"$cel": …}`. */
  readonly refusals: (given: JsonObject) => readonly Fault[];
};

export type BuiltInRules = ReadonlyMap<string, BuiltInRule>;
