import { codeTable } from "#fault/code-table.ts";

/** Anchors as files, and what they prove. 7: what is claimed does not hold. */
export const anchorCodes = codeTable({
  ANCHOR_FORM: {
    severity: "error",
    exitCode: 7,
    message: "the anchor has a wrong form: {problem}",
    hint: "move the .anchor.sigstore.json file away and anchor the bundle again",
    explanation: {
      cause:
        "An anchor is canonical JSON: the sidecar of the bundle's attestation with RFC 3161 timestamps and log entries, each once at least and nothing else.",
      example: "an anchor that went through a JSON formatter, or one without a timestamp's bytes",
      fix: "Take the anchor from its source again, or remove it and run `packrun evidence anchor PATH`.",
    },
  },
  ANCHOR_FOREIGN: {
    severity: "error",
    exitCode: 7,
    message: "the anchor speaks of another attestation",
    hint: "an anchor lies beside the one bundle that it was made for",
    explanation: {
      cause: "The sidecar that the anchor repeats is not, byte for byte, the one that is sealed in the bundle.",
      example: "the anchor of one run renamed to that of another",
      fix: "Take the anchor that belongs to this bundle, or remove it and anchor the bundle again.",
    },
  },
  ANCHOR_TIMESTAMP_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "a timestamp in the name of {authority} does not hold: {problem}",
    hint: "do not rely on this anchor",
    explanation: {
      cause:
        "A timestamp names a certificate of a timestamp authority of the trust root, but its signature, its chain or what it was made over is wrong.",
      example: "a timestamp over another attestation, or one in which the time was changed",
      fix: "Find out who made it. Remove the anchor and anchor the bundle again.",
    },
  },
  ANCHOR_TIMESTAMP_WINDOW: {
    severity: "error",
    exitCode: 7,
    message: "{authority} made a timestamp at {time}, but is believed from {validFrom} until {validUntil} only",
    hint: "an authority is not believed before or after its window",
    explanation: {
      cause: "The time of a timestamp is out of the window that the trust root gives to its authority.",
      example: "a timestamp of an authority whose key was retired a month before",
      fix: "Anchor with the authority's present key, or correct the window in the trust root.",
    },
  },
  ANCHOR_ENTRY_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "an entry in the name of log {origin} does not hold: {problem}",
    hint: "do not rely on this anchor",
    explanation: {
      cause:
        "An entry names a transparency log of the trust root, but is not of this attestation, or its proof of inclusion or the log's signed checkpoint is wrong.",
      example: "an entry of another attestation, or a checkpoint of another log",
      fix: "Find out who made it. Remove the anchor and anchor the bundle again.",
    },
  },
  ANCHOR_LOG_WINDOW: {
    severity: "error",
    exitCode: 11,
    message: "log {origin} is believed from {validFrom} until {validUntil} only",
    hint: "with a trusted timestamp inside that window the entry holds for good",
    explanation: {
      cause:
        "Entries prove no time. The key of the log is out of its window at the time of verification, and no trusted timestamp lies in it.",
      example: "a bundle verified a year after its log was closed",
      fix: "Anchor bundles with a timestamp, too. Correct the window in the trust root if it is wrong.",
    },
  },
  ANCHOR_AUTHORITY: {
    severity: "error",
    exitCode: 7,
    message: "timestamp authority {authority} of the trust root cannot be used: {problem}",
    hint: "correct its certificates in the trust root: the one that signs first, its root last",
    explanation: {
      cause:
        "The certificates of an authority are no chain of X.509 certificates, or the first is not one for timestamps (extended key usage timeStamping).",
      example: "the certificate of the authority's web server",
      fix: "Ask the authority for the chain of its timestamp signer and put it into the next version of the trust root.",
    },
  },
  ANCHOR_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "the trust root demands {what}, and there is none that it believes",
    hint: "run `packrun evidence anchor PATH`",
    explanation: {
      cause:
        "The trust root's policy lists kinds of anchors that evidence must have: `tsa`, a timestamp, and `rekor`, a log entry. There is no anchor beside the bundle, or none of that kind by an authority of the trust root.",
      example: "a bundle that was copied without its .anchor.sigstore.json",
      fix: "Put the anchor beside the bundle again, or anchor it with an authority that the trust root names.",
    },
  },
  ANCHOR_UNCHECKED: {
    severity: "error",
    exitCode: 7,
    message: "the trust root demands {what}, and this verifier checks no anchors",
    hint: "use `packrun verify PATH`",
    explanation: {
      cause:
        "The offline verifiers carry no reader of X.509 certificates and log proofs. What the trust root demands and they cannot check is not passed over.",
      example: "the single-file verifier with a trust root whose policy has anchor: {required: [tsa]}",
      fix: "Verify where packrun is installed: `packrun verify PATH --trust trust-root.json`.",
    },
  },
});
