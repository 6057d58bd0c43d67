import { codeTable } from "#fault/code-table.ts";

/** Signing, and files of trust on this machine. */
export const trustUseCodes = codeTable({
  SIGNER_RESULT: {
    severity: "error",
    exitCode: 7,
    message: "what the signer of key {keyid} gave back is no good signature: {problem}",
    hint: "check that the signer holds the private key of this public key and signs the bytes unchanged",
    explanation: {
      cause: "Every signature is verified before it is used, and this one did not verify with the signer's public key.",
      example: "a signing device that was given another key, or one that makes Ed25519ph",
      fix: "Correct the signer; nothing was written.",
    },
  },
  TRUST_FILE_ACCESS: {
    severity: "error",
    exitCode: 2,
    message: "{file} cannot be used: {problem}",
    hint: "check the path and the rights of the file; the first run makes a development trust root, `packrun trust init` one of your own",
    explanation: {
      cause: "A public key, a trust root or a sidecar could not be read or written.",
      example: "--trust trust-root.json in a folder without that file",
      fix: "Give the right path. Without --trust the development trust root of the state folder is used.",
    },
  },
  TRUST_FILE_EXISTS: {
    severity: "error",
    exitCode: 2,
    message: "{file} is there already; a trust root is never overwritten by another",
    hint: "give another path with -o, or edit the present one with `packrun trust add`",
    explanation: {
      cause: "A first or separate version would replace a file that others may rely on.",
      example: "packrun trust init --domain acme --root root.pub -o trust-root.json   # a second time",
      fix: "Move the old file away if it is not needed any more.",
    },
  },
  TRUST_SIGNER_NOT_ROOT: {
    severity: "error",
    exitCode: 2,
    message: "key {keyid} holds role root neither in this version of the trust root nor in the one before",
    hint: "sign with a root key; `packrun trust show` lists them",
    explanation: {
      cause: "Only root keys consent to a trust root; another signature would count for nothing.",
      example: "packrun trust sign --key approver.key",
      fix: "Use a root key, or add the key to role root first.",
    },
  },
  TRUST_SIGNED_ALREADY: {
    severity: "error",
    exitCode: 2,
    message: "key {keyid} has signed this version: {file}",
    hint: "let another root key sign if the threshold is not reached",
    explanation: {
      cause: "A second signature of the same key adds nothing.",
      example: "packrun trust sign --key root.key   # a second time",
      fix: "Nothing is to be done.",
    },
  },
  TRUST_BUSY: {
    severity: "error",
    exitCode: 10,
    message: "another process is editing the trust files of {folder}",
    hint: "wait until it has ended and try again",
    explanation: {
      cause: "Trust files are edited by one process at a time, and another one did not finish within ten seconds.",
      example: "a debugger holds a packrun process that is adding a key",
      fix: "End that process; its lock goes with it.",
    },
  },
  TRUST_MEMORY: {
    severity: "error",
    exitCode: 7,
    message: "{file}, which remembers the trust roots that were used, cannot be read",
    hint: "if it is somebody else's, name a state folder of your own with --store; else restore it, and remove it only if you are sure that no older trust root is offered",
    explanation: {
      cause:
        "The record of the highest versions seen is damaged, or you have no permission to read it, so that a rollback could not be noticed.",
      example: "a seen.json that was edited by hand, or the state folder of another user",
      fix: "Where permission is denied, work with a state folder of your own (`--store ELSEWHERE`). A damaged one is restored from a backup. Without it the next trust root that is used counts as the first.",
    },
  },
});
