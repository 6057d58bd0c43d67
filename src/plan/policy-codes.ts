import { codeTable } from "#fault/code-table.ts";

/** Codes of what is seen of compiled policies when a plan is made. */
export const policyCodes = codeTable({
  POLICY_MODULE: {
    severity: "error",
    exitCode: 3,
    message: "{module} is no policy that can be loaded: {problem}",
    hint: "make it with `opa build -t wasm -e ENTRYPOINT`, and take policy.wasm out of the bundle",
    explanation: {
      cause:
        "The module of a Rego policy must be WebAssembly as OPA compiles it, at most 8 MiB, and must be ready within the " +
        "time and memory that an evaluation has.",
      example:
        "policies: {licences: {engine: rego, module: policies/licences.rego, entrypoint: packrun/allow}}   # the source",
      fix: "Compile the source with `opa build -t wasm -e packrun/allow policies/licences.rego`, take `policy.wasm` out with `tar -xzf bundle.tar.gz /policy.wasm`, and name that.",
    },
  },
  POLICY_ENTRYPOINT: {
    severity: "error",
    exitCode: 3,
    message: "{module} has no entry point {entrypoint}",
    hint: "name one that it was compiled with, such as packrun/allow for data.packrun.allow",
    explanation: {
      cause: "A compiled policy answers only for the entry points that were named when it was compiled.",
      example: "entrypoint: packrun/alow, of a module made with: opa build -t wasm -e packrun/allow",
      fix: "Correct the name, or compile the module again with `-e` and this one.",
    },
  },
  POLICY_BUILTIN: {
    severity: "error",
    exitCode: 3,
    message: "{module} needs the built-in function {name}, which no policy gets",
    hint: "decide on the input alone: pass in what the policy has to know",
    explanation: {
      cause:
        "A policy sees its input and nothing else: no network, clock, randomness, environment or configuration. Built-in " +
        "functions that OPA leaves to its host are therefore not there, but for `sprintf` and `json.is_valid`.",
      example: "allow if time.now_ns() < input.with.until",
      fix: "Let a step find out what is needed, and give the policy its outputs.",
    },
  },
});
