import { codeTable } from "#fault/code-table.ts";

export const appCodes = codeTable({
  CONFIG_INVALID: {
    severity: "error",
    exitCode: 2,
    message: "{file}: {problem}",
    hint: "compare it with schemas/config.schema.json; every member is optional, others are refused",
    explanation: {
      cause: "The configuration file could not be read, or holds something that packrun does not know.",
      example: "trsut: trust-root.json   # trust",
      fix: "Correct the members that are named, each with its line. `packrun config --explain` shows which configuration is read, and where every value comes from.",
    },
  },
  TENANT_INVALID: {
    severity: "error",
    exitCode: 2,
    message: "{tenant} is no tenant name",
    hint: "lower-case letters, digits and hyphens, at most 63",
    explanation: {
      cause: "A tenant is named with characters that no tenant has.",
      example: "--tenant Team_A",
      fix: "Use lower-case letters, digits and hyphens, beginning with a letter or digit.",
    },
  },
  INPUT_CHANGED: {
    severity: "error",
    exitCode: 6,
    message: "{what} changed while packrun was reading it",
    hint: "let whoever writes it finish, then run the command again: it takes what is there then",
    explanation: {
      cause:
        "Files are digested, and read again when they are copied, bundled, sent or mended. This one had other bytes the second time, so nothing was done with it.",
      example: "a build wrote the artifact again while packrun was copying it",
      fix: "Let the writer finish (`lsof FILE` shows who has it open), then run the command again.",
    },
  },
  KEY_MISSING: {
    severity: "error",
    exitCode: 2,
    message: "no key to sign {what} with",
    hint: "set requester.key in packrun.config.yaml; `packrun run` takes one with --as KEY, too",
    explanation: {
      cause: "A trust root is configured, but not the private key that must sign here.",
      example: "packrun run PACK --trust acme-root.json   # no requester.key in the configuration",
      fix: "Set requester.key and attestor.key in packrun.config.yaml, or pass --as KEY.",
    },
  },
  TRUST_FILE: {
    severity: "error",
    exitCode: 2,
    message: "the trust root {file} cannot be read: {problem}",
    hint: "check --trust, PACKRUN_TRUST or `trust` in packrun.config.yaml",
    explanation: {
      cause: "A trust root is configured, and the file is not there or not readable.",
      example: "--trust trust-rot.json",
      fix: "Name the pinned trust root's file, or leave it away to use the development trust root.",
    },
  },
  REQUESTER_KEY: {
    severity: "error",
    exitCode: 2,
    message: "the key {keyid} is not in the trust root",
    hint: "sign with a key that the trust root knows, or let its root holders add this one with `packrun trust add`",
    explanation: {
      cause:
        "Runs are requested by principals of the trust root; this key belongs to none. One that it knows without the role requester is ROLE_NOT_HELD.",
      example: "packrun run PACK --as new.key   # new.pub is not in the trust root yet",
      fix: "Add the public key with a principal and the role requester, or use another key.",
    },
  },
  ATTESTOR_KEY: {
    severity: "error",
    exitCode: 2,
    message: "the attestor's key {keyid} does not hold the role run-attestor in the trust root",
    hint: "let its root holders add it: `packrun trust add KEY.pub --principal NAME --role run-attestor`",
    explanation: {
      cause: "Evidence is signed with this key, and nobody would verify what a key without that role signed.",
      example: "attestor: {key: new.key}   # new.pub is not in the trust root yet",
      fix: "Add the public key with the role run-attestor, or configure another key.",
    },
  },
  COMMAND_UNANSWERED: {
    severity: "error",
    exitCode: 10,
    message: "the process that drives run {runId} has not recorded the command",
    hint: "it stays in the inbox and is recorded when the run is driven; see `packrun runs show {runId}`",
    explanation: {
      cause: "Another process holds the run's lease and did not take the command out of the inbox within 30 seconds.",
      example: "the driving process is stopped with Ctrl-Z",
      fix: "Let that process go on or end it; then `packrun resume RUN` takes the command.",
    },
  },
  EVIDENCE_TARGET: {
    severity: "error",
    exitCode: 2,
    message: "the evidence of this run cannot be put into {folder}: {problem}",
    hint: "name a folder that is new or empty; `packrun resume RUN` seals a run that has ended without its evidence",
    explanation: {
      cause: "A bundle is one whole folder, and nothing is ever added to one that stands or mixed with other files.",
      example: "packrun run PACK --evidence ./evidence   # a second time",
      fix: "Give each run a folder of its own, or leave --evidence away.",
    },
  },
  RUN_REFERENCE: {
    severity: "error",
    exitCode: 2,
    message: "{text} names {what}",
    hint: "give a run id, the beginning of one, or `last`; `packrun runs list` shows them",
    explanation: {
      cause:
        "The text is no run id, and no run of this store begins with it, or several do. The beginning of an id that names a run has at least 4 characters.",
      example: "packrun runs show 0193",
      fix: "Copy the id from `packrun runs list`.",
    },
  },
  CODE_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "there is no code {code}",
    hint: "`packrun explain` lists all codes",
    explanation: {
      cause: "`packrun explain` was asked for a code that no part of packrun has.",
      example: "packrun explain STEP_OMO",
      fix: "Copy the code from the message: it stands in brackets behind `error`. `packrun explain` alone lists all of them.",
    },
  },
  STEP_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "run {runId} has no step {stepId}",
    hint: "`packrun runs show {runId}` lists its steps; those of a map are named with their item, as rollout[0]::push",
    explanation: {
      cause: "The plan of this run has no step of that id, or the map around it was never expanded.",
      example: "packrun explain biuld --run last",
      fix: "Copy the id from `packrun runs show RUN`.",
    },
  },
});
