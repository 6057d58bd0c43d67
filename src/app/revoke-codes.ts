import { codeTable } from "#fault/code-table.ts";

/** Writing revocation lists. */
export const revokeCodes = codeTable({
  REVOKE_KIND: {
    severity: "error",
    exitCode: 2,
    message: "{kind} is nothing that can be revoked",
    hint: "give one of pack, plan, key, payload, run, or --renew alone",
    explanation: {
      cause: "Revocation lists have five kinds of entries.",
      example: "packrun revoke user alice --reason left --key revoker.key",
      fix: "Revoke the person's keys, or remove them with `packrun trust remove KEYID`.",
    },
  },
  REVOKE_VALUE: {
    severity: "error",
    exitCode: 2,
    message: "{value} names no {kind}: {expected}",
    hint: "copy the whole name from where it stands; nothing was written",
    explanation: {
      cause: "Each kind is named in its own way, and a name that nothing has would revoke nothing.",
      example: "packrun revoke run last --reason wrong --key revoker.key",
      fix: "Copy the whole id, hash or fingerprint; `packrun keys show FILE` gives the fingerprint of a key.",
    },
  },
  REVOKE_REASON: {
    severity: "error",
    exitCode: 2,
    message: "a revocation needs a reason of 1 to 4096 letters",
    hint: "give it with --reason TEXT",
    explanation: {
      cause: "Whoever meets the revocation later is told why.",
      example: 'packrun revoke key SHA256:… --reason "" --key revoker.key',
      fix: "Say in a few words what happened.",
    },
  },
  REVOKE_SIGNER: {
    severity: "error",
    exitCode: 2,
    message: "key {keyid} cannot sign revocation lists of {trustDomain}: {problem}",
    hint: "sign with a key with role revoker; `packrun trust show` lists them",
    explanation: {
      cause: "A list counts only with the signature of a key that holds role revoker, in its window and not revoked.",
      example: "packrun revoke run 0198c5a0-7c1e-7000-8000-000000000001 --reason wrong --key approver.key",
      fix: "Use a revoker's key, or add one: `packrun trust add KEY.pub --principal NAME --role revoker`.",
    },
  },
  REVOKED_ALREADY: {
    severity: "error",
    exitCode: 2,
    message: "{kind} {value} was revoked at {revokedAt}",
    hint: "nothing is to be done; --renew alone renews the list",
    explanation: {
      cause: "The list has this entry; a second one would say nothing more.",
      example:
        "packrun revoke run 0198c5a0-7c1e-7000-8000-000000000001 --reason wrong --key revoker.key   # a second time",
      fix: "Nothing is to be done.",
    },
  },
  REVOKE_TIME: {
    severity: "error",
    exitCode: 2,
    message: "the list would have to be renewed by {nextUpdate}, and it is now {at}",
    hint: "give --next-update a time to come, or check the clock",
    explanation: {
      cause: "A list is stale from its nextUpdate on; one that is written stale could not be used.",
      example: "--next-update 2020-01-01T00:00:00Z",
      fix: "Leave --next-update away: the trust root's maxAgeHours is taken, or 30 days.",
    },
  },
});
