import type { JsonObject } from "#canon/json.ts";
import type { Shape } from "#canon/shape.ts";
import type { Fault } from "#fault/fault.ts";
import type { LintSources } from "./lint-sources.ts";
import type { OutputRule, Sandbox } from "./plan.ts";

/** What is wrong with a `with`, and with which member of it; with all of it where none is named. */
export type WithRefusal = { readonly fault: Fault; readonly member?: string };

/** What the plan holds a step that `uses` a built-in to. */
export type BuiltInRule = {
  readonly withShape: Shape<unknown>;
  readonly outputs: Readonly<Record<string, OutputRule>>;
  /** Members of `with` that, where they are plain strings, name a file of the pack; the plan pins its digest. */
  readonly packFiles: readonly string[];
  /** Those of `packFiles` whose content `refusals` looks into. */
  readonly readFiles?: readonly string[];
  /** True when `refusals` needs what holds values to schemas. */
  readonly holdsToSchemas?: boolean;
  /**
   * What is wrong with a `with` beyond its shape, in the sandbox that the step has; members that are not known yet stand
   * as `{"$cel": …}`. Of the files that it names, `sources` has those that are looked into.
   */
  readonly refusals: (given: JsonObject, sandbox: Sandbox, sources: LintSources) => readonly WithRefusal[];
};

export type BuiltInRules = ReadonlyMap<string, BuiltInRule>;
