import { codeTable } from "#fault/code-table.ts";

/** Asking authorities and logs: 2 for a wrong address, 10 where they cannot be reached or refuse, 7 where they lie. */
export const anchorSourceCodes = codeTable({
  ANCHOR_URL: {
    severity: "error",
    exitCode: 2,
    message: "the address of the {what} is no URL that can be used: {problem}",
    hint: "give an http or https URL without a user name or password",
    explanation: {
      cause: "Authorities and logs are asked over HTTP or HTTPS, at an address that holds no secret.",
      example: "--tsa tsa.example, or --tsa https://user:password@tsa.example",
      fix: "Give the whole address, such as --tsa https://tsa.example/tsr.",
    },
  },
  ANCHOR_UNREACHABLE: {
    severity: "error",
    exitCode: 10,
    message: "the {what} at {url} does not answer: {problem}",
    hint: "check the address, the network and the proxy (HTTPS_PROXY), then run `packrun evidence anchor PATH`",
    explanation: {
      cause: "No connection was made, it broke, or the answer did not come in time. The bundle is what it was.",
      example: "a timestamp authority behind a proxy that is not in HTTPS_PROXY",
      fix: "Try again: `packrun evidence anchor PATH`. A bundle may be anchored at any later time, but the timestamp then says that later time.",
    },
  },
  ANCHOR_HTTP: {
    severity: "error",
    exitCode: 10,
    message: "the {what} at {url} answers HTTP {status}{problem}",
    hint: "check that this is the address for requests, not its home page; redirects are not followed",
    explanation: {
      cause: "The server answered with a status that is no success.",
      example: "a log's address with /api/v2/log/entries already in it, or an authority that asks for a login",
      fix: "Take the address from the operator's documentation, and open it with `curl -i URL` to see what answers.",
    },
  },
  ANCHOR_ANSWER: {
    severity: "error",
    exitCode: 7,
    message: "the {what} at {url} answers something else: {problem}",
    hint: "check that the address belongs to a {what}",
    explanation: {
      cause: "The answer is no RFC 3161 timestamp, or no entry of a Rekor v2 log with a proof of inclusion.",
      example: "the page of a proxy that wants a login",
      fix: "Take the address from the operator's documentation. Rekor's older API (v1) is not spoken.",
    },
  },
  ANCHOR_REFUSED: {
    severity: "error",
    exitCode: 10,
    message: "the timestamp authority at {url} refuses: {problem}",
    hint: "ask its operator; packrun asks for SHA-256, with a nonce and the authority's certificate",
    explanation: {
      cause: "The authority answered with a status that is not granted (RFC 3161, section 2.4.2).",
      example: "an authority that takes SHA-512 only",
      fix: "Use another authority, or ask this one's operator.",
    },
  },
  ANCHOR_NONCE: {
    severity: "error",
    exitCode: 7,
    message: "the timestamp of {url} does not carry the nonce that was asked with",
    hint: "do not use this authority: somebody may be replaying old answers",
    explanation: {
      cause:
        "Each request has a random number that the timestamp must repeat, so that an old one cannot be passed off as new.",
      example: "a cache between here and the authority",
      fix: "Find out who answers at that address.",
    },
  },
  ANCHOR_IMPRINT: {
    severity: "error",
    exitCode: 7,
    message: "the {what} at {url} vouches for something else than was asked",
    hint: "do not use it",
    explanation: {
      cause: "The digest, signature or key in the answer is not the one that was sent.",
      example: "a server that answers every request with the same timestamp",
      fix: "Find out who answers at that address.",
    },
  },
  ANCHOR_KEY: {
    severity: "error",
    exitCode: 2,
    message: "a Rekor log takes no {alg} signature of an attestation",
    hint: "attest with an ECDSA P-256 key, or anchor with --tsa only",
    explanation: {
      cause:
        "Rekor v2 enters digests with signatures over digests; pure Ed25519 signs the whole message, and cannot be entered.",
      example: "--rekor with a run attestor's Ed25519 key",
      fix: "Use an ECDSA P-256 key for the run attestor, which is what `packrun keys generate NAME` makes.",
    },
  },
});
