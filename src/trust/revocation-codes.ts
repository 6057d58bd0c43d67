import { codeTable } from "#fault/code-table.ts";

/** Revocation lists and what they revoke: 7 where a check failed, 11 where only time took its force. */
export const revocationCodes = codeTable({
  REVOCATIONS_SYNTAX: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list cannot be read: {problem}",
    hint: "use the file exactly as packrun wrote it",
    explanation: {
      cause: "A revocation list is exactly its RFC 8785 bytes; these are not.",
      example: "revocations.json after an editor reformatted it",
      fix: "Take the file from its owner again, or restore the copy `<sequence>.revocations.json` beside it.",
    },
  },
  REVOCATIONS_SHAPE: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list has a wrong form: {problem}",
    hint: "compare it with schemas/revocations.schema.json",
    explanation: {
      cause: "A member is missing, unknown, or has a value that is not allowed. Nothing unknown is overlooked.",
      example: "an entry of an unknown kind, or one that stands twice",
      fix: "Make revocation lists with `packrun revoke`, or update packrun.",
    },
  },
  REVOCATIONS_DOMAIN: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list is for {found}, not for {expected}",
    hint: "use the list of trust domain {expected}",
    explanation: {
      cause: "A list speaks for one trust domain only.",
      example: "the staging list beside the production trust root",
      fix: "Correct `revocations` in packrun.config.yaml or --revocations, or put the right list beside the trust root.",
    },
  },
  REVOCATIONS_UNSIGNED: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list has no signature: its sidecar is not there",
    hint: "put revocations.json.sigstore.json beside the list",
    explanation: {
      cause: "A list counts only with the signature of a key with role revoker, which stands in its sidecar.",
      example: "revocations.json was copied without revocations.json.sigstore.json",
      fix: "Copy both files.",
    },
  },
  REVOCATIONS_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the signature of the revocation list speaks of another {member}",
    hint: "take list and sidecar from the same source again",
    explanation: {
      cause: "Trust domain and sequence are signed beside the list's digest and must be the list's own.",
      example: "a list of sequence 5 signed as sequence 4",
      fix: "Write the list again with `packrun revoke`.",
    },
  },
  REVOCATIONS_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "there is no revocation list for {trustDomain}, and {why}",
    hint: "a first list is made with `packrun revoke --renew --key KEY` by a key that holds role revoker; one that there is belongs, with its sidecar, beside the trust root, or where `revocations` of the configuration says",
    explanation: {
      cause: "The trust root relies on signatures only together with a revocation list, or one was in use here before.",
      example: "a trust root with policy.revocation.required, on a machine that has the root but not the list",
      fix: "Fetch the list from its owner, with its sidecar. Where there never was one, whoever holds role revoker makes the first: `packrun revoke --renew --key KEY`, with the same --trust and --store; under development trust KEY is .packrun/trust/dev.key. In the place of a list that was used before no first one is made.",
    },
  },
  REVOCATIONS_ROLLBACK: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list has sequence {sequence}; {lowest} is the least, because {why}",
    hint: "use the newest list",
    explanation: {
      cause: "An older list lacks what was revoked since.",
      example: "a backup of revocations.json was restored",
      fix: "Get the newest list from its owner.",
    },
  },
  REVOCATIONS_FORKED: {
    severity: "error",
    exitCode: 7,
    message: "the revocation list with sequence {sequence} does not continue the one that was used before",
    hint: "find out which of the two lists is right before anything is run or verified",
    explanation: {
      cause: "There are two histories: another list of the same sequence, or one that names another predecessor.",
      example: "two people revoked something at the same time, each on a copy of their own",
      fix: "Keep one list in one place, and revoke there what only the other one has.",
    },
  },
  REVOCATIONS_STALE: {
    severity: "error",
    exitCode: 11,
    message: "the revocation list (sequence {sequence}) is out of date: {why}",
    hint: "get the newest list; its owner makes it with `packrun revoke --renew --key KEY`",
    explanation: {
      cause: "The list is past its nextUpdate, or older than the trust root's policy allows. What is newer is unknown.",
      example: "a list that should be renewed every week and was not",
      fix: "Fetch the newest list. Whoever owns it renews it even when there is nothing to revoke.",
    },
  },
  REVOKED_RUN: {
    severity: "error",
    exitCode: 7,
    message: "run {value} was revoked at {revokedAt}: {reason}",
    hint: "do not rely on this run",
    explanation: {
      cause: "A revoker withdrew this run: neither its gates nor its evidence count any more.",
      example:
        'packrun revoke run 0198c5a0-7c1e-7000-8000-000000000001 --reason "somebody else\'s files" --key revoker.key',
      fix: "Make a new run. An unfinished one is ended with `packrun cancel RUN`.",
    },
  },
  REVOKED_PLAN: {
    severity: "error",
    exitCode: 7,
    message: "plan {value} was revoked at {revokedAt}: {reason}",
    hint: "plan with other inputs or another version of the pack",
    explanation: {
      cause: "A revoker withdrew this very plan; no run of it counts.",
      example: 'packrun revoke plan sha256:… --reason "wrong inputs" --key revoker.key',
      fix: "Correct pack or inputs and plan again.",
    },
  },
  REVOKED_PACK: {
    severity: "error",
    exitCode: 7,
    message: "pack {value} was revoked at {revokedAt}: {reason}",
    hint: "use another version of the pack",
    explanation: {
      cause: "A revoker withdrew this pack, by its digest or by name and version.",
      example: 'packrun revoke pack acme/promote@1.4.0 --reason "a harmful step" --key revoker.key',
      fix: "Use a version that is not revoked.",
    },
  },
  REVOKED_KEY: {
    severity: "error",
    exitCode: 7,
    message: "key {value} was revoked at {revokedAt}: {reason}",
    hint: "sign with another key; what this one signed does not count, whenever it was made",
    explanation: {
      cause: "A revoked key proves nothing: whoever has it can also write any earlier time.",
      example: 'packrun revoke key SHA256:… --reason "laptop stolen" --key revoker.key',
      fix: "Give the person a new key. Keys that only retire get an end of their window instead.",
    },
  },
  REVOKED_PAYLOAD: {
    severity: "error",
    exitCode: 7,
    message: "the attestation {value} was revoked at {revokedAt}: {reason}",
    hint: "ask for a new signature",
    explanation: {
      cause: "A revoker withdrew this one signed statement; the key that made it still counts.",
      example: 'packrun revoke payload sha256:… --reason "approved by mistake" --key revoker.key',
      fix: "Sign again if the statement is right after all.",
    },
  },
  PACK_BELOW_MINIMUM: {
    severity: "error",
    exitCode: 7,
    message: "{name} {version} is older than {least}, the least version that the trust root takes",
    hint: "use {least} or a later version",
    explanation: {
      cause: "The trust root's policy.minVersion bars versions that must not be used any more.",
      example: "acme/promote 1.4.0 where the trust root says 2.0.0",
      fix: "Plan and run a newer version of the pack.",
    },
  },
});
