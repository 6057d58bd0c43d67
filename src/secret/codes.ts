import { codeTable } from "#fault/code-table.ts";
import { secretGivenCodes } from "#fault/secret-given-codes.ts";

export const secretCodes = codeTable({
  ...secretGivenCodes,
  SECRET_REFERENCE: {
    severity: "error",
    exitCode: 2,
    message: "a secret is not given as {form}",
    hint: "name a place, never a value: --secret NAME=env:VARIABLE or NAME=file:PATH; known schemes: {schemes}",
    explanation: {
      cause:
        "A reference to a secret has another form, an unknown scheme, or a name that no pack can declare; or two secrets are to come from standard input, which has one value.",
      example: "--secret deployToken=s3cr3t-value",
      fix: "Put the value into an environment variable or a file and name that. The refused text is never shown.",
    },
  },
  SECRET_PROVIDER: {
    severity: "error",
    exitCode: 3,
    message: 'secret "{name}" cannot be had by {scheme}: {problem}',
    hint: "docs/guide/secrets.md tells what each kind of place needs",
    explanation: {
      cause:
        "What a provider needs is missing or unsafe: the address and token of a Vault, an https address, the file of age identities with mode 600, a command in the configuration, the credentials of a service.",
      example: "--secret deployToken=vault:secret/ci#token without VAULT_ADDR",
      fix: "Set what is named, in the environment or under `secrets` in packrun.config.yaml.",
    },
  },
  SECRET_UNREACHABLE: {
    severity: "error",
    exitCode: 10,
    message: 'secret "{name}" cannot be had by {scheme}: {problem}',
    hint: "see whether the server is up, unsealed and known to this machine; then start again",
    explanation: {
      cause: "No connection to the server could be made, its certificate does not hold, or it answers with an error.",
      example: "ECONNREFUSED: nobody listens there. SELF_SIGNED_CERT_IN_CHAIN: name its authority in VAULT_CACERT.",
      fix: "Bring the server back, or name the authority of its certificate. Certificates are always checked.",
    },
  },
  SECRET_TIMEOUT: {
    severity: "error",
    exitCode: 10,
    message: 'secret "{name}" did not come from {scheme} in time: {problem}',
    hint: "files and servers have 10 s, commands 30 s, standard input 60 s",
    explanation: {
      cause: "A program, a server or standard input gave nothing within its time.",
      example: "--secret deployToken=cmd:login, where the command waits for somebody at a keyboard",
      fix: "Make the command answer by itself, or see what the server waits for.",
    },
  },
  SECRET_TOO_LARGE: {
    severity: "error",
    exitCode: 3,
    message: 'secret "{name}" is too large: {problem}',
    hint: "give the part that is needed, as a secret of its own",
    explanation: {
      cause:
        "All output is searched for every form of a secret; for one of more than 32 KiB that takes too much memory.",
      example: "--secret store=file:keystore.p12.base64 with 200 KB in it",
      fix: "Give a key that opens a larger file, and the file encrypted as an input.",
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
