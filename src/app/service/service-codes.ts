import { codeTable } from "#fault/code-table.ts";

export const serviceCodes = codeTable({
  QUEUE_FULL: {
    severity: "error",
    exitCode: 10,
    message: "the queue is full: {depth} runs wait{of}, and {limit} may",
    hint: "ask again in {retryAfterSeconds} s",
    explanation: {
      cause:
        "As many runs wait to begin as the service's `server.limits.queueDepth` allows the tenant, or the pack's `slo.maxQueueDepth` allows the pack.",
      example: "POST /api/runs while 50 runs of a pack with `slo: {maxQueueDepth: 50}` wait",
      fix: "Ask again later, as Retry-After says. Start more workers, or raise the limit if the host can take more.",
    },
  },
  BEARER_UNKNOWN: {
    severity: "error",
    exitCode: 5,
    message: "the trust root of {trustDomain} maps the token's bearer to no principal",
    hint: "`packrun trust token ISSUER SUBJECT --principal NAME` maps it, by the claims iss and sub of the token",
    explanation: {
      cause:
        "Every run is requested by a principal of the trust root. A token stands for one only where the trust root says so by issuer and subject.",
      example: "a token of a new colleague, whom the pinned trust root does not know yet",
      fix: "Let the holders of the root map the token with `packrun trust token`, and sign the next version.",
    },
  },
  BEARER_ATTESTOR: {
    severity: "error",
    exitCode: 2,
    message: "the attestor's key {keyid} also holds the role requester, so it cannot vouch for who bears a token",
    hint: "give the service an attestor's key of its own, which holds run-attestor and not requester",
    explanation: {
      cause:
        "Who asked by a token is vouched for by the runner. A key that may also ask by itself leaves open which of the two it does, and verification refuses that.",
      example: "requester.key and attestor.key of the configuration name one key that holds both roles",
      fix: "Make a key for the service with `packrun keys generate`, and give it the role run-attestor alone.",
    },
  },
  UPLOAD_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "there is no upload of this id",
    hint: "upload the pack with POST /api/packs and use the id of its answer",
    explanation: {
      cause:
        "The id names nothing that was uploaded for this tenant, or what lies there is no longer what was uploaded.",
      example: '{"pack": {"upload": "sha256:0000…"}}',
      fix: "Upload the pack again.",
    },
  },
  SLO_NONE: {
    severity: "error",
    exitCode: 2,
    message: "{pack} promises nothing: there are no rules to make",
    hint: "give it an `slo` with runP95Seconds, approvalP95Seconds or maxQueueDepth",
    explanation: {
      cause: "Rules for Prometheus are made from the pack's `slo`, and the pack has none.",
      example: "packrun slo rules PACK   # a pack without slo",
      fix: "Add `slo: {runP95Seconds: 300}` to the pack's spec.",
    },
  },
  ORDER_INPUT: {
    severity: "error",
    exitCode: 3,
    message: 'input "{name}" is a {type}: it is given as an artifact that the tenant has stored',
    hint: 'store it with POST /api/artifacts, then give {"artifact": "sha256:…"}, with "name": "FILE" where its name counts',
    explanation: {
      cause: "A service takes files and directories by their digest only, never by a path on its own machine.",
      example: '{"inputs": {"archive": "/etc/passwd"}}',
      fix: 'Upload the bytes with POST /api/artifacts, and give the answer\'s digest: {"archive": {"artifact": "sha256:…"}}.',
    },
  },
});
