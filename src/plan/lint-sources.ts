import type { Result } from "#fault/result.ts";
import type { PolicyModule } from "./policy-module.ts";
import type { ValidateSchema } from "./resolve-inputs.ts";

/** What files of the pack hold, as far as it is looked into before anything runs. */
export type LintSources = {
  /** By path: what built-ins read of the pack, and schemas of outputs, or why it is not looked into, in words. */
  readonly files: ReadonlyMap<string, Result<Uint8Array, string>>;
  /** By path: what each Rego module says of itself, or what is wrong with it. */
  readonly modules: ReadonlyMap<string, Result<PolicyModule, string>>;
  /** Absent when nothing holds values to schemas. */
  readonly validateSchema?: ValidateSchema;
};

/** The largest file, in bytes, that a built-in reads as a whole before anything runs. */
export const MAX_READ_BYTES = 1024 * 1024;

/** For plans of packs that were looked into when they were first planned. */
export const NO_SOURCES: LintSources = { files: new Map(), modules: new Map() };
