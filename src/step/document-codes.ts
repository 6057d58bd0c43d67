import { codeTable } from "#fault/code-table.ts";

/** Codes of the built-ins that read documents: `schema.validate` and `file.render`. */
export const documentCodes = codeTable({
  SCHEMA_FILE_MISSING: {
    severity: "error",
    exitCode: 1,
    message: "the {what} {file} is not there",
    hint: "name a file input, a file output or a file of the pack",
    explanation: {
      cause:
        "A path that an expression gives while the run is on its way names no file of the pack, or the stored bytes of the file are gone. A path that the pack spells out is looked for when the plan is made: PACK_FILE_MISSING.",
      example:
        '- {id: check, run: {uses: schema.validate, with: {document: "reports/${{ steps.find.outputs.name }}.json", schema: schemas/report.json}}}',
      fix: 'Let the step before it give the path of a file of the pack, or declare the file as an output (`{file: path}`) and name that: `document: "${{ steps.find.outputs.report }}"`.',
    },
  },
  SCHEMA_FILE_TOO_LARGE: {
    severity: "error",
    exitCode: 1,
    message: "the {what} {file} is larger than {limit} bytes",
    hint: "validate smaller documents; a command can validate large ones",
    explanation: {
      cause: "Document and schema are held in memory: a document may have 16 MiB, a schema 1 MiB.",
      example: "a report of 200 MiB as document",
      fix: "Split the document where it is made, or validate it with a tool of your own in a `command`.",
    },
  },
  SCHEMA_INVALID: {
    severity: "error",
    exitCode: 3,
    message: "{file} is no JSON Schema: {problem}",
    hint: "write JSON Schema 2020-12; $ref reaches nothing outside its file",
    explanation: {
      cause:
        "The schema is no JSON, or JSON Schema 2020-12 does not know what it says. Nothing is fetched for a `$ref`.",
      example: "{type: objekt}",
      fix: "Correct the schema; put what it refers to under its own `$defs`.",
    },
  },
  SCHEMA_DOCUMENT_SYNTAX: {
    severity: "error",
    exitCode: 1,
    message: "the document {file} is no JSON: {problem}",
    hint: "documents are one JSON value in UTF-8",
    explanation: {
      cause: "What is to be validated cannot be read as JSON.",
      example: "a report in YAML, or one that was cut off",
      fix: "Look at the step that made the document; convert other formats to JSON first.",
    },
  },
  SCHEMA_MISMATCH: {
    severity: "error",
    exitCode: 1,
    message: "the document {file} does not satisfy the schema: {problem}",
    hint: "look at the places that are named, in the document and in the schema",
    explanation: {
      cause: "The document is JSON, but not as the schema asks. At most three places are named.",
      example: "at /findings/0: must have required property 'severity'",
      fix: "Correct what makes the document, or the schema if that is wrong.",
    },
  },
  SCHEMA_UNFINISHED: {
    severity: "error",
    exitCode: 1,
    message: "the document {file} could not be validated: {problem}",
    hint: "simplify patterns in the schema, or validate a smaller document",
    explanation: {
      cause: "Validation took more memory than it may have, and was ended. What is not validated does not pass.",
      example: "a schema whose references expand without end over the document",
      fix: "Simplify the schema. A step's `timeout` ends validation that takes too long.",
    },
  },
  RENDER_TEMPLATE_MISSING: {
    severity: "error",
    exitCode: 1,
    message: "the template {file} is not there",
    hint: "name a file input, a file output or a file of the pack",
    explanation: {
      cause:
        "A path that an expression gives while the run is on its way names no file of the pack, or the stored bytes of the template are gone. A path that the pack spells out is looked for when the plan is made: PACK_FILE_MISSING.",
      example:
        '- {id: render, run: {uses: file.render, with: {template: "conf/${{ steps.find.outputs.name }}.conf", values: {port: 80}}}}',
      fix: "Let the step before it give the path of a file of the pack, or declare the template as an output (`{file: path}`) and name that.",
    },
  },
  RENDER_TEMPLATE: {
    severity: "error",
    exitCode: 3,
    message: "{file}, line {line}: {problem}",
    hint: "write ${{ values.NAME }}, where NAME stands under values; $${{ is a literal ${{",
    explanation: {
      cause:
        "A template holds text and places such as `${{ values.server.port }}`: a path into `values`, nothing that decides " +
        "or computes, and no name that `values` does not have.",
      example: "listen ${{ inputs.port }};",
      fix: "Pass what the template needs under `values`, where all expressions can be used, and name it there.",
    },
  },
  RENDER_VALUE: {
    severity: "error",
    exitCode: 3,
    message: "{file}, line {line}: {name} {problem}",
    hint: "give a string, a number, true or false for each place of the template",
    explanation: {
      cause: "A place of the template names something that is not there, or that has no one way to be written as text.",
      example: "hosts: ${{ values.hosts }}, where hosts is a list",
      fix: 'Make a text of it in the pack, such as `${{ inputs.hosts.join(",") }}`, or name one item: `values.hosts[0]`.',
    },
  },
  RENDER_TOO_LARGE: {
    severity: "error",
    exitCode: 1,
    message: "{what} is larger than {limit} bytes",
    hint: "a template may have 1 MiB, what is made of it 64 MiB or limits.artifacts, whichever is less",
    explanation: {
      cause: "Template and result are held in memory.",
      example: "a template that names a value of 1 MiB a hundred times",
      fix: "Render smaller files; leave large data in files of their own.",
    },
  },
});
