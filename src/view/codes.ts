import { codeTable } from "#fault/code-table.ts";

export const viewCodes = codeTable({
  ASSUME_FORM: {
    severity: "error",
    exitCode: 2,
    message: "{text} is no assumption",
    hint: "write STEP=STATUS, as in scan=failed",
    explanation: {
      cause: "An assumption names a step and what shall become of it, with one equals sign between them.",
      example: "packrun simulate . --assume scan",
      fix: "Give `--assume scan=failed`; repeat the option for further steps.",
    },
  },
  ASSUME_STEP: {
    severity: "error",
    exitCode: 2,
    message: "the plan has no step {step} to assume something about",
    hint: "use an id as `packrun simulate` prints it",
    explanation: {
      cause:
        "The assumption names a step that is not in the plan, or an iteration that its map cannot have. Where the items of " +
        "a map are known only at run time, all its iterations are one: they are named with [*].",
      example: "packrun simulate . --assume scam=failed",
      fix: "Name the step as the simulation lists it: scan, rollout[*]::push (every iteration) or rollout[0]::push.",
    },
  },
  ASSUME_STATUS: {
    severity: "error",
    exitCode: 2,
    message: "{status} cannot be assumed of {step}, a step of kind {kind}",
    hint: "it can be {allowed}",
    explanation: {
      cause:
        "Only what can happen to a step of this kind can be assumed of it. What becomes of a container follows from what is " +
        "inside it; an approval gate is never skipped by itself; a step is skipped in all iterations of its map or in none.",
      example: "packrun simulate . --assume release=skipped",
      fix: "Assume one of the statuses that the hint lists, or something about another step.",
    },
  },
});
