import { codeTable } from "#fault/code-table.ts";

/** Private key files on this machine. */
export const signerCodes = codeTable({
  KEY_FILE: {
    severity: "error",
    exitCode: 2,
    message: "key file {file} cannot be used: {problem}",
    hint: "check the path and the rights of the file",
    explanation: {
      cause: "The file is missing, is no regular file, or cannot be read or written.",
      example: "--key alice.key in a folder that has no alice.key",
      fix: "Give the path of a private key; make one with `packrun keys generate NAME`.",
    },
  },
  KEY_FILE_MODE: {
    severity: "error",
    exitCode: 2,
    message: "private key {file} has mode {mode}; others on this machine can get at it",
    hint: "chmod 600 {file}",
    explanation: {
      cause: "A private key must be readable by its owner only.",
      example: "a key that was copied with mode 644",
      fix: "Run chmod 600 on the file; if others may have read it, make a new key.",
    },
  },
  KEY_FORMAT: {
    severity: "error",
    exitCode: 2,
    message: "private key {file} cannot be read: {problem}",
    hint: "give PKCS#8 in PEM or a key of cosign; convert others: openssl pkcs8 -topk8 -in KEY -out NEW",
    explanation: {
      cause: "Private keys are PKCS#8 in PEM, plain or encrypted, or encrypted by cosign.",
      example: "an OPENSSH PRIVATE KEY or an EC PRIVATE KEY block",
      fix: "Convert the key, or make a new one with `packrun keys generate NAME`.",
    },
  },
  KEY_PASSWORD_MISSING: {
    severity: "error",
    exitCode: 2,
    message: "private key {file} is encrypted and no password was given",
    hint: "set PACKRUN_KEY_PASSWORD or COSIGN_PASSWORD, or run on a terminal",
    explanation: {
      cause: "An encrypted key needs its password, which is never taken from a flag.",
      example: "packrun approve in a pipeline without the variable",
      fix: "Put the password into the environment from your secret store.",
    },
  },
  KEY_PASSWORD: {
    severity: "error",
    exitCode: 2,
    message: "the password of private key {file} is wrong",
    hint: "check PACKRUN_KEY_PASSWORD or COSIGN_PASSWORD",
    explanation: {
      cause: "The key could not be decrypted with this password.",
      example: "the password of another key in the environment",
      fix: "Give the right password. The key itself is unchanged.",
    },
  },
  KEY_EXISTS: {
    severity: "error",
    exitCode: 2,
    message: "{file} is there already; keys are never overwritten",
    hint: "choose another name, or move the old key away",
    explanation: {
      cause: "A key that is overwritten is lost for good, and with it the right to sign.",
      example: "packrun keys generate alice, twice",
      fix: "Use another name.",
    },
  },
});
