import { codeTable } from "#fault/code-table.ts";

export const canonCodes = codeTable({
  JSON_SYNTAX: {
    severity: "error",
    exitCode: 3,
    message: "{file} is not JSON: {problem}",
    hint: "give a complete UTF-8 JSON text",
    explanation: {
      cause: "A file that must hold JSON could not be read as JSON.",
      example: '{"a": 1,}',
      fix: "Write one JSON value in UTF-8 without trailing commas or comments.",
    },
  },
  JSON_NOT_CANONICAL: {
    severity: "error",
    exitCode: 3,
    message: "{file} is not canonical JSON",
    hint: "use the file exactly as packrun wrote it; reformatting changes its digest",
    explanation: {
      cause: "The bytes of the file differ from the RFC 8785 bytes of the value that they hold.",
      example: '{ "b": 1, "a": 1.0 }',
      fix: "Take the file from its source again, unchanged; do not reformat signed files.",
    },
  },
});
