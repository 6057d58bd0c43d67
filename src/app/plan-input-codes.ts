import { codeTable } from "#fault/code-table.ts";

/** What can be wrong with how inputs are given on the command line. No message repeats an argument's text. */
export const planInputCodes = codeTable({
  INPUT_ARGUMENT: {
    severity: "error",
    exitCode: 2,
    message: "an -i argument is not of the form name=value",
    hint: "write -i channel=beta, or -i channel=@FILE; the argument is not shown, in case it holds a secret",
    explanation: {
      cause:
        "An input is named with a-z first, then letters, digits and _, and its value follows the first equals sign.",
      example: "packrun plan ./release -i beta",
      fix: "Write `-i name=value`. A value that begins with @ names a file; write @@ for a literal @.",
    },
  },
  INPUT_VALUE_FILE: {
    severity: "error",
    exitCode: 3,
    message: 'the file with the value of input "{name}" {problem}',
    hint: "give a readable UTF-8 text file of at most 8 MiB; write @@ for a value that begins with @",
    explanation: {
      cause: "`-i name=@file` reads the value from a file, and that file could not be read as text.",
      example: "packrun plan ./release -i notes=@missing.txt",
      fix: "Correct the path, or give the value itself.",
    },
  },
  INPUTS_FILE: {
    severity: "error",
    exitCode: 3,
    message: "{file} does not give inputs: {problem}",
    hint: "write one YAML or JSON object of input names and values",
    explanation: {
      cause: "The file that `--inputs` names could not be read, or its root is not an object.",
      example: "packrun plan ./release --inputs list.yaml   # which holds: [beta, stable]",
      fix: "Write `channel: beta` and so on, one member for each input.",
    },
  },
});
