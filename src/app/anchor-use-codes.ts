import { codeTable } from "#fault/code-table.ts";

/** Wrong uses of `evidence anchor`. */
export const anchorUseCodes = codeTable({
  ANCHOR_NOBODY: {
    severity: "error",
    exitCode: 2,
    message: "nobody was named who could vouch for the bundle",
    hint: "give --tsa URL or --rekor URL, or write anchor: {tsa: URL} into packrun.config.yaml",
    explanation: {
      cause: "A bundle is anchored by a timestamp authority, a transparency log, or both; none was named.",
      example: "packrun evidence anchor last   # no anchor in packrun.config.yaml",
      fix: "Name the authority: `packrun evidence anchor last --tsa https://tsa.example/tsr`.",
    },
  },
  ANCHOR_ABSENT: {
    severity: "error",
    exitCode: 2,
    message: "nobody vouches for the evidence of run {runId}",
    hint: "write anchor: {tsa: URL} into the server's packrun.config.yaml, or anchor a copy with `packrun evidence anchor`",
    explanation: {
      cause:
        "The anchor of a bundle was asked for, and there is none: the server has no `anchor` in its configuration, or could not reach who it names.",
      example: "GET /api/runs/{runId}/evidence/anchor of a run that was sealed without `anchor`",
      fix: "Nothing is to be done unless the trust root demands anchors: the bundle holds without.",
    },
  },
  ANCHOR_SIGNER_UNKNOWN: {
    severity: "error",
    exitCode: 7,
    message: "no key of the trust root made the attestation, and a log takes no signature without its key",
    hint: "give the trust root of this run with --trust",
    explanation: {
      cause: "An entry of a log holds the public key of the signature, which only a trust root can vouch for.",
      example: "packrun evidence anchor run.tar --rekor https://rekor.example   # no trust root is configured",
      fix: "Name the trust root that knows the run attestor's key: `packrun evidence anchor PATH --rekor URL --trust trust-root.json`.",
    },
  },
  ANCHOR_FULL: {
    severity: "error",
    exitCode: 7,
    message: "{file} holds {count} of one kind already",
    hint: "move it away and anchor the bundle anew",
    explanation: {
      cause: "An anchor holds at most 16 timestamps and 16 log entries. One is enough.",
      example: "a script that anchors the same bundle every day with an authority that the trust root does not name",
      fix: "Move the file away, or name the authority in the trust root: then what is there is kept.",
    },
  },
});
