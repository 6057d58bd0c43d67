import { fail, ok } from "#fault/result.ts";
import { MAX_MODULE_BYTES } from "#plan/policy-module.ts";
import type { InspectModule } from "#port/policy-engine.ts";
import { runRego, type RegoLimits } from "./run-rego.ts";

/** Asks a compiled Rego module what it offers and what it needs, within the bounds of an evaluation. */
export function moduleInspector(limits?: RegoLimits): InspectModule {
  return async (module) => {
    if (module.length > MAX_MODULE_BYTES) {
      return fail(`it is larger than ${MAX_MODULE_BYTES} bytes`);
    }
    const reply = await runRego({ module }, limits);
    switch (reply.kind) {
      case "module":
        return ok({ entrypoints: reply.entrypoints, builtins: reply.builtins });
      case "problem":
        return fail(reply.problem);
      case "decided":
        throw new Error("a module was evaluated that was only to be looked at");
    }
  };
}
