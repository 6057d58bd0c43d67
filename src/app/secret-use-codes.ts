import { codeTable } from "#fault/code-table.ts";

export const secretUseCodes = codeTable({
  SECRET_NOT_CONFIGURED: {
    severity: "error",
    exitCode: 3,
    message: "a secret is named that the configuration does not have for the tenant {tenant}",
    hint: "name one that stands under secrets.tenants.{tenant}, or ask the operator for it",
    explanation: {
      cause: "A request names secrets; the operator's configuration says for each tenant what may be named.",
      example: "--secret deployToken, where secrets.tenants.default has no deployToken",
      fix: "Add `deployToken: vault:secret/ci#token` or the like to the tenant in packrun.config.yaml. The name is not shown: it could be a value given by mistake.",
    },
  },
  SECRET_IN_PLAN: {
    severity: "error",
    exitCode: 3,
    message: 'the value of secret "{name}" stands in the plan',
    hint: "give it as a secret only: no input, argument or address may hold its text",
    explanation: {
      cause:
        "A plan and its inputs are kept and shown to everybody who approves or verifies. A secret's text in them is no secret. Values of 8 characters or more are looked for.",
      example: "-i token=s3cr3t-value --secret deployToken=env:TOKEN, with the same text in TOKEN",
      fix: "Take the text out of the inputs and of pack.yaml, and use `env: {TOKEN: {secret: deployToken}}` in the steps.",
    },
  },
});
