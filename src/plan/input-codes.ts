import { codeTable } from "#fault/code-table.ts";

/** What can be wrong with the inputs that a plan is made with. No message repeats a value. */
export const inputCodes = codeTable({
  INPUT_MISSING: {
    severity: "error",
    exitCode: 3,
    message: 'input "{name}" has no value',
    hint: "give it: -i {name}=VALUE, or put it into a file for --inputs",
    explanation: {
      cause: "The pack requires this input, it has no default, and no value was given.",
      example: "packrun plan ./release   # spec.inputs.artifact is required",
      fix: "Give the value with `-i name=value`, `-i name=@file`, or in the file that `--inputs` names.",
    },
  },
  INPUT_UNKNOWN: {
    severity: "error",
    exitCode: 3,
    message: 'the pack has no input "{name}"',
    hint: "the inputs of a pack stand under spec.inputs",
    explanation: {
      cause: "A value was given for a name that the pack does not declare.",
      example: "packrun plan ./release -i chanel=beta",
      fix: "Correct the name, or declare the input: `inputs: {chanel: {type: string}}`.",
    },
  },
  INPUT_TYPE: {
    severity: "error",
    exitCode: 3,
    message: 'the value of input "{name}" is not {expected}',
    hint: "objects and arrays are given as JSON, the other types as plain text",
    explanation: {
      cause: "The text or value that was given cannot be read as the input's declared type.",
      example: "packrun plan ./release -i retries=often   # type: integer",
      fix: "Give a value of the declared type. What was given is not repeated here, in case it was a secret.",
    },
  },
  INPUT_SCHEMA: {
    severity: "error",
    exitCode: 3,
    message: 'the value of input "{name}" does not fit its schema: {problem}',
    hint: "the schema stands under spec.inputs.{name}.schema",
    explanation: {
      cause: "The value has the right type, but the JSON Schema of the input does not allow it.",
      example: "packrun plan ./release -i channel=alpha   # schema: {enum: [beta, stable]}",
      fix: "Give a value that the schema allows, or change the schema.",
    },
  },
  INPUT_SCHEMA_INVALID: {
    severity: "error",
    exitCode: 3,
    message: 'the schema of input "{name}" cannot be used: {problem}',
    hint: "schemas are JSON Schema 2020-12, without references to other documents, and must not take too long",
    explanation: {
      cause:
        "The schema that the pack gives for the input is no JSON Schema, or holding the value to it takes too many steps.",
      example: "inputs: {channel: {type: string, schema: {type: text}}}",
      fix: "Correct the schema: `{type: string}`. A pattern must be a valid regular expression, `$ref` may point into the same schema only. Simplify one that takes too many steps, or give a smaller value.",
    },
  },
  INPUT_GIVEN_TWICE: {
    severity: "error",
    exitCode: 3,
    message: 'input "{name}" is given twice',
    hint: "give it once; a value on the command line goes before the one in --inputs",
    explanation: {
      cause: "The same input stands twice on the command line, so it is not clear which value counts.",
      example: "packrun plan ./release -i channel=beta -i channel=stable",
      fix: "Remove one of the two.",
    },
  },
});
