import { codeTable } from "#fault/code-table.ts";

/** The trust root, its versions, and who may sign what: 7 where a check failed, 11 where only time took its force. */
export const trustCodes = codeTable({
  TRUST_ROOT_SYNTAX: {
    severity: "error",
    exitCode: 7,
    message: "the trust root cannot be read: {problem}",
    hint: "use the file exactly as packrun wrote it",
    explanation: {
      cause: "A trust root is exactly its RFC 8785 bytes; these are not.",
      example: "trust-root.json after an editor reformatted it",
      fix: "Take the file from its owner again, or edit it with `packrun trust add` only.",
    },
  },
  TRUST_ROOT_SHAPE: {
    severity: "error",
    exitCode: 7,
    message: "the trust root has a wrong form: {problem}",
    hint: "compare it with schemas/trust-root.schema.json",
    explanation: {
      cause: "A member is missing, unknown, or has a value that is not allowed. Nothing unknown is overlooked.",
      example: "a time without milliseconds, or a member of a newer version of packrun",
      fix: "Make trust roots with `packrun trust init` and `packrun trust add`, or update packrun.",
    },
  },
  TRUST_ROOT_TIME: {
    severity: "error",
    exitCode: 7,
    message: "the trust root has impossible times: {problem}",
    hint: "every window must end after it begins",
    explanation: {
      cause: "A window of time in the trust root is empty or reversed.",
      example: "--valid-from 2027-01-01T00:00:00.000Z --valid-until 2026-01-01T00:00:00.000Z",
      fix: "Correct the times; they are UTC with milliseconds.",
    },
  },
  TRUST_ROOT_KEY: {
    severity: "error",
    exitCode: 7,
    message: "key {keyid} of the trust root is wrong: {problem}",
    hint: "add the key again with `packrun trust add KEY.pub`",
    explanation: {
      cause: "A keyid is always computed from its key; a key under another name, or one that is damaged, is refused.",
      example: "a pem that was exchanged under the same keyid",
      fix: "Find out who changed the file, then add the right key again.",
    },
  },
  TRUST_ROOT_ROLE: {
    severity: "error",
    exitCode: 7,
    message: "role {role} of the trust root is wrong: {problem}",
    hint: "make the root anew with `packrun trust init` and `packrun trust add`",
    explanation: {
      cause:
        "A role must list known keys, each once, and root must be able to reach its threshold with different principals.",
      example: "threshold 2 for two keys of one person",
      fix: "Give the role keys of enough different principals, or lower its threshold.",
    },
  },
  TRUST_ROOT_TOKEN: {
    severity: "error",
    exitCode: 7,
    message: "the trust root maps the token {bearer} twice",
    hint: "leave one entry for each issuer and subject",
    explanation: {
      cause: "One token would stand for two principals.",
      example: "the same iss and sub with two principals",
      fix: "Remove one of the entries.",
    },
  },
  TRUST_ROOT_LOG: {
    severity: "error",
    exitCode: 7,
    message: "transparency log {origin} of the trust root cannot be used: {problem}",
    hint: "give the log's own public key in PEM, with its algorithm",
    explanation: {
      cause:
        "A log of the trust root has a key that cannot be read, or that is not of the algorithm it is declared as.",
      example: "the certificate of a log's web server in place of its key",
      fix: "Ask the log's operator for its public key and put it into the next version of the trust root.",
    },
  },
  TRUST_ROOT_EXPIRED: {
    severity: "error",
    exitCode: 11,
    message: "the trust root (version {version}) expired at {expires}",
    hint: "get the next version of the trust root from its owner",
    explanation: {
      cause: "A trust root holds until its expiry; after that its answers are stale.",
      example: "a root made for a year, used in the thirteenth month",
      fix: "Make a next version, which holds as long as this one did: `packrun trust policy --root-threshold N` with the N that it has, then `packrun trust sign --key root.key` by that many root keys.",
    },
  },
  TRUST_ROOT_ROLLBACK: {
    severity: "error",
    exitCode: 7,
    message: "trust root version {version} of {trustDomain} is older than version {highest}, which was used before",
    hint: "use the newest version",
    explanation: {
      cause: "An older trust root may still list keys that were removed since.",
      example: "a backup of trust-root.json was restored",
      fix: "Get the newest version from its owner. Where the newer one was never meant for this place, as when somebody else's evidence was verified with it, remove it from `trust/seen.json` of the state folder.",
    },
  },
  TRUST_ROOT_FORKED: {
    severity: "error",
    exitCode: 7,
    message:
      "trust root version {version} of {trustDomain} is another one than the version {version} that was used before",
    hint: "ask its owner which one is right; if this one is, name it with --trust",
    explanation: {
      cause:
        "Two different files call themselves the same version. A change of a trust root is always a next version, signed by its root keys.",
      example: "a root made anew with `packrun trust init` in the place of one that was in use",
      fix: "Restore the file that was used. Where the other one is meant, `--trust FILE` on the command line pins it in its place.",
    },
  },
  TRUST_ROOT_DOMAIN: {
    severity: "error",
    exitCode: 7,
    message: "the next trust root is for {found}, not for {expected}",
    hint: "use the next version of the same trust domain",
    explanation: {
      cause: "A trust root is followed only by one of its own trust domain.",
      example: "the production root placed over the staging root",
      fix: "Restore the root that was there. Where the other one is meant, put it beside and configure it by its own name, or name it with --trust once.",
    },
  },
  TRUST_ROOT_STEP: {
    severity: "error",
    exitCode: 7,
    message: "the next trust root has version {found}, expected {expected}",
    hint: "step through every version, one by one",
    explanation: {
      cause: "Versions are taken one after the other, so that each is approved by the one before it.",
      example: "version 9 offered to a site that pinned version 7",
      fix: "Put version 8, as `8.trust-root.json`, with its signatures beside it; or name the root with --trust once, which pins it.",
    },
  },
  TRUST_ROOT_THRESHOLD: {
    severity: "error",
    exitCode: 7,
    message: "version {version} has {have} of the {required} root signatures that version {judge} asks for",
    hint: "let more root keys sign: `packrun trust sign --key KEY`",
    explanation: {
      cause: "A next version needs the root threshold of the old and of the new version, from different principals.",
      example: "one of two root keys has signed",
      fix: "Collect the missing sidecars beside trust-root.json. Where the file came by a way that you trust, `--trust FILE` on the command line pins it without them.",
    },
  },
  SIGNATURE_KEY_UNKNOWN: {
    severity: "error",
    exitCode: 7,
    message: "no key of trust domain {trustDomain} made this signature (the envelope names {keyid})",
    hint: "add the signer's public key to the trust root, use the trust root that knows it, or sign without Ed25519ph",
    explanation: {
      cause: "Only keys of the pinned trust root count; keys inside a bundle are never trusted by themselves.",
      example:
        "a bundle of another organisation, or one made with a development key; cosign with an Ed25519 key, which makes Ed25519ph",
      fix: "Check which trust root belongs to the signer and pass it with --trust. With cosign use an ECDSA P-256 key.",
    },
  },
  ROLE_NOT_HELD: {
    severity: "error",
    exitCode: 7,
    message: "{principal} ({keyid}) holds none of the roles that may sign this: {roles}",
    hint: "let a holder of the role sign, or give the role in the trust root",
    explanation: {
      cause:
        "The signature is good, but its key has no right to make this statement. A run that such a key would request or attest is not created.",
      example: "an approver's key on an attestation of a run; packrun run PACK --as approver.key",
      fix: "Sign with the right key, or change the trust root.",
    },
  },
  ROLE_SCOPE: {
    severity: "error",
    exitCode: 7,
    message: "{principal} holds role {role}, but not here: its {bound} do not cover this",
    hint: "sign with a key whose role covers it, or widen the role in the trust root",
    explanation: {
      cause:
        "A role can be bounded to packs, tenants and gates; this statement is outside of that. A run outside of the role of its requester or attestor is not created.",
      example: "an approver for tenant t1 signed for tenant t2",
      fix: "Use another signer, or change the bounds of the role in the trust root.",
    },
  },
  KEY_WINDOW: {
    severity: "error",
    exitCode: 11,
    message: "the key of {principal} is valid from {validFrom} until {validUntil} only",
    hint: "a trusted timestamp inside the window keeps a signature good; the signer's own time does not",
    explanation: {
      cause: "The key is out of its window of time and no trusted timestamp says that it signed inside of it.",
      example: "a bundle verified a year after the key was retired",
      fix: "Verify with --at the time in question if you know it from elsewhere, or anchor bundles when they are made.",
    },
  },
  TRUST_EDIT_PRINCIPAL: {
    severity: "error",
    exitCode: 2,
    message: "key {keyid} belongs to {principal} already",
    hint: "give --principal {principal}, or add another key",
    explanation: {
      cause: "One key stands for one principal; else one person could count twice.",
      example: "packrun trust add alice.pub --principal bob --role approver   # alice.pub is already that of alice",
      fix: "Make a key for the other person: `packrun keys generate NAME`.",
    },
  },
  TRUST_EDIT_KEY: {
    severity: "error",
    exitCode: 2,
    message: "the trust root has no key {keyid}",
    hint: "`packrun trust show` lists its keys",
    explanation: {
      cause: "Keys are named by their fingerprint: SHA256: and 43 letters.",
      example: "packrun trust remove alice",
      fix: "Copy the fingerprint from `packrun trust show`.",
    },
  },
  TRUST_EDIT_TOKEN: {
    severity: "error",
    exitCode: 2,
    message: "the trust root maps no token of issuer {issuer} and subject {subject}",
    hint: "`packrun trust show` lists the tokens that it maps",
    explanation: {
      cause: "A token is named by its claims iss and sub, letter by letter.",
      example: "packrun trust token https://issuer.example/ alice --remove   # the issuer has no slash at its end",
      fix: "Copy issuer and subject from `packrun trust show`.",
    },
  },
  TRUST_EDIT_SCOPE: {
    severity: "error",
    exitCode: 2,
    message: "role {role} has other {bound} already: {present}",
    hint: "bounds belong to the role, not to one key: leave --{bound} out, or use a role of another name",
    explanation: {
      cause: "The bounds of a role hold for all of its holders; adding a key must not change them for the others.",
      example: "--role approver --gates prod, where approvers may decide every gate",
      fix: "Make a role with these bounds, such as approver-prod, and name it in the pack's rule.",
    },
  },
  TRUST_EDIT_INVALID: {
    severity: "error",
    exitCode: 2,
    message: "the trust root would not be valid: {problem}",
    hint: "correct the argument that is named; nothing was written",
    explanation: {
      cause: "The edit would lead to a trust root that nobody could read or use.",
      example: "--threshold 3 with two root keys",
      fix: "Give enough root keys of different principals, plain names for roles, and times in UTC with milliseconds.",
    },
  },
});
