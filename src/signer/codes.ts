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
    hint: "run `chmod 600 {file}`",
    explanation: {
      cause: "A private key must be readable by its owner only.",
      example: "a key that was copied with mode 644",
      fix: "Run `chmod 600` on the file; if others may have read it, make a new key and revoke this one with `packrun revoke key SHA256:…`.",
    },
  },
  KEY_FORMAT: {
    severity: "error",
    exitCode: 2,
    message: "private key {file} cannot be read: {problem}",
    hint: "give PKCS#8 in PEM or a key of cosign; convert others: `openssl pkcs8 -topk8 -in KEY -out NEW`",
    explanation: {
      cause: "Private keys are PKCS#8 in PEM, plain or encrypted, or encrypted by cosign.",
      example: "an OPENSSH PRIVATE KEY or an EC PRIVATE KEY block",
      fix: "Convert a copy of the key: `openssl pkcs8 -topk8 -in KEY -out NEW` for EC PRIVATE KEY, `ssh-keygen -p -m PKCS8 -f COPY` for an ECDSA key of OpenSSH; or make a new one with `packrun keys generate NAME`.",
    },
  },
  KEY_PASSWORD_MISSING: {
    severity: "error",
    exitCode: 2,
    message: "no password was given for the encrypted private key {file}",
    hint: "set PACKRUN_KEY_PASSWORD or COSIGN_PASSWORD, or run on a terminal",
    explanation: {
      cause:
        "An encrypted key needs its password, which is never taken from a flag. A new key is not encrypted with an empty one.",
      example:
        "packrun approve RUN GATE --key alice.key --reason checked   # in a pipeline without PACKRUN_KEY_PASSWORD",
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
      example: "packrun keys generate alice   # a second time",
      fix: "Use another name.",
    },
  },
  SIGNER_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "there is no signer {name} in the configuration",
    hint: "{known}",
    explanation: {
      cause: "signer:NAME names an external signer, and packrun.config.yaml has none of this name under `signers`.",
      example: "--key signer:yubikey where only signers.kms is configured",
      fix: "Configure it: signers: {NAME: {command: [PROGRAM, …], publicKey: FILE}}. A file of that name is ./signer:NAME.",
    },
  },
  SIGNER_FAILED: {
    severity: "error",
    exitCode: 2,
    message: "the signer {name} failed: {problem}",
    hint: "run its command by hand: it reads the bytes to sign on stdin and writes the signature to stdout",
    explanation: {
      cause: "The command of an external signer could not be started, or ended with another exit code than 0.",
      example: "a KMS client whose session has expired",
      fix: "Correct what its own message says; it stands behind the exit code.",
    },
  },
  SIGNER_TIMEOUT: {
    severity: "error",
    exitCode: 2,
    message: "the signer {name} gave no signature within {seconds} seconds and was ended",
    hint: "look whether it waits for a touch or a PIN; `timeoutSeconds` of the signer sets the limit",
    explanation: {
      cause: "An external signer must answer in time, so that no run hangs on it.",
      example: "a security key that waits for a finger that does not come",
      fix: "Answer it, or give it more time in the configuration.",
    },
  },
  SIGNER_OUTPUT: {
    severity: "error",
    exitCode: 7,
    message: "the signer {name} wrote no signature: {problem}",
    hint: "it must write the bare signature: DER for ECDSA P-256, 64 bytes for Ed25519, and nothing else",
    explanation: {
      cause: "The bytes on the signer's stdout do not have the form of a signature of its public key's algorithm.",
      example: "a PKCS#11 tool that writes r and s side by side, or a client that prints base64",
      fix: "Have the command convert it: `… | base64 -d`, or a tool's option for DER.",
    },
  },
  SIGNER_SIGNATURE: {
    severity: "error",
    exitCode: 7,
    message: "what the signer {name} wrote is no signature of its public key ({keyid}) over these bytes",
    hint: "check that command and publicKey belong together, and that it signs the bytes themselves",
    explanation: {
      cause: "Every signature is verified before it is used. This one was made with another key, or over other bytes.",
      example: "a command that signs the hex of the SHA-256 instead of the message",
      fix: "Correct `command` or `publicKey`; nothing was written.",
    },
  },
});
