import { codeTable } from "#fault/code-table.ts";

export const secretCodes = codeTable({
  SECRET_REFERENCE: {
    severity: "error",
    exitCode: 2,
    message: "a secret is not given as {form}",
    hint: "name a place, never a value: --secret NAME=env:VARIABLE or NAME=file:PATH; known schemes: {schemes}",
    explanation: {
      cause: "A reference to a secret has another form, an unknown scheme, or a name that no pack can declare.",
      example: "--secret deployToken=vault:ci/deploy#token where only env and file are configured",
      fix: "Put the value into an environment variable or a file and name that. The refused text is never shown.",
    },
  },
  SECRET_UNRESOLVED: {
    severity: "error",
    exitCode: 3,
    message: 'secret "{name}" has no value: {problem}',
    hint: "set the variable or make the file readable for this user, then start again",
    explanation: {
      cause: "The place that was named for a secret holds nothing, cannot be read, or is not UTF-8 text.",
      example: "--secret deployToken=env:DEPLOY_TOKEN with DEPLOY_TOKEN unset",
      fix: "Check the name of the variable or the path and rights of the file. Nothing has run yet.",
    },
  },
  SECRET_TOO_SHORT: {
    severity: "error",
    exitCode: 3,
    message: 'secret "{name}" is shorter than {least} characters',
    hint: "use a longer value: so short a text cannot be taken out of the output without destroying it",
    explanation: {
      cause: "Secrets are taken out of all output by their text; a text of one to three characters is everywhere.",
      example: "a PIN of three digits",
      fix: "Use a secret of at least four characters, better sixteen or more.",
    },
  },
});
