import { codeTable } from "#fault/code-table.ts";

/** What is wrong with a command line before any command looks at it. */
export const usageCodes = codeTable({
  COMMAND_LINE: {
    severity: "error",
    exitCode: 2,
    message: "the command line is wrong: {problem}",
    hint: "`packrun COMMAND --help` shows options and examples",
    explanation: {
      cause:
        "There is no such command or option, or something is missing, is one too many, or has a value that it cannot have. " +
        "Nothing was done. Whoever asked for JSON is told so as JSON, too; otherwise it is said in text alone.",
      example: "`packrun run` with --plan-hsah in the place of --plan-hash",
      fix: "Correct the command line; `packrun --help` lists the commands, and `packrun COMMAND --help` their options.",
    },
  },
});
