import { codeTable } from "#fault/code-table.ts";

export const planFileCodes = codeTable({
  PLAN_FILE: {
    severity: "error",
    exitCode: 6,
    message: "{file} is no plan: {problem}",
    hint: "use the file exactly as packrun wrote it; any edit makes it another plan",
    explanation: {
      cause: "The file is not the canonical JSON of a plan: it was edited, cut off, or is something else.",
      example: "a plan that an editor reformatted",
      fix: "Take the plan from its source again, or compile it anew with `packrun plan`.",
    },
  },
  INPUTS_LOCK_FILE: {
    severity: "error",
    exitCode: 6,
    message: "inputs.lock is no inputs lock: {problem}",
    hint: "use the file exactly as packrun wrote it; any edit makes it another one",
    explanation: {
      cause: "The file is not the canonical JSON of an inputs lock, or a value in it is not that of its digest.",
      example: "an inputs.lock in which a value was changed by hand",
      fix: "Take the file from its source again, or plan anew.",
    },
  },
});
