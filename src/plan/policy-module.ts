/** What a compiled Rego module says of itself. */
export type PolicyModule = {
  /** What can be asked of it, such as `packrun/allow`; sorted. */
  readonly entrypoints: readonly string[];
  /** Built-in functions of Rego that it wants from its host; sorted. */
  readonly builtins: readonly string[];
};

/** The longest module, in bytes. OPA makes some 130 KiB of an empty policy. */
export const MAX_MODULE_BYTES = 8 * 1024 * 1024;

/**
 * Built-in functions that a host gives: those that answer everywhere, and always, as OPA's own do. The rest of what OPA
 * compiles is in the module itself or, as `http.send`, `time.now_ns` and `opa.runtime`, asks for what no policy may see.
 */
const GIVEN: ReadonlySet<string> = new Set(["json.is_valid", "sprintf"]);

/** What a module asks for in vain. */
export function missingBuiltins({ builtins }: PolicyModule): readonly string[] {
  return builtins.filter((name) => !GIVEN.has(name));
}
