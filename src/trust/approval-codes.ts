import { codeTable } from "#fault/code-table.ts";

/** Why a decision on a gate does not count. The hint goes to the ledger with `gate.refused`. */
export const approvalCodes = codeTable({
  APPROVAL_SIGNATURE: {
    severity: "error",
    exitCode: 5,
    message: "the response is not validly signed: {problem}",
    hint: "{problem} ({code}); sign the request again with a key of the trust root",
    explanation: {
      cause: "The response has no signature, a broken one, or one of a key that the trust root does not know.",
      example: "a response that was edited after signing",
      fix: "Sign again: `packrun approve RUN GATE --key KEY --reason TEXT`.",
    },
  },
  APPROVAL_STATEMENT: {
    severity: "error",
    exitCode: 5,
    message: "the response is signed but is no approval: {problem}",
    hint: "{problem} ({code}); sign with `packrun approve` or `packrun reject`",
    explanation: {
      cause: "The signed payload is not a canonical approval/v1 statement.",
      example: "the sidecar of a run request sent as an approval",
      fix: "Decide with `packrun approve` or `packrun reject`, which write and sign the statement.",
    },
  },
  APPROVAL_WRONG_RUN: {
    severity: "error",
    exitCode: 5,
    message: "the response decides another run than {runId}",
    hint: "sign the request of run {runId}",
    explanation: {
      cause: "A decision counts for one run only.",
      example: "the response of yesterday's run sent again",
      fix: "Sign the request of this run: `packrun approve RUN GATE` reads it there.",
    },
  },
  APPROVAL_WRONG_GATE: {
    severity: "error",
    exitCode: 5,
    message: "the response decides another gate than {gateId}",
    hint: "sign the request of gate {gateId}",
    explanation: {
      cause: "A decision counts for one gate only.",
      example: "the approval of the first gate used for the second",
      fix: "Sign the request of this gate: `packrun approve RUN GATE` reads it there.",
    },
  },
  APPROVAL_WRONG_TENANT: {
    severity: "error",
    exitCode: 5,
    message: "the response is for another tenant than {tenantId}",
    hint: "sign the request of tenant {tenantId}",
    explanation: {
      cause: "A decision counts for one tenant only.",
      example: "a response carried over from another tenant",
      fix: "Decide in the tenant in question, with `--tenant`.",
    },
  },
  APPROVAL_WRONG_DOMAIN: {
    severity: "error",
    exitCode: 5,
    message: "the response or the trust root is for another trust domain than {trustDomain}",
    hint: "use request, key and trust root of trust domain {trustDomain}",
    explanation: {
      cause: "Nothing signed in one trust domain counts in another.",
      example: "a staging approval sent to production",
      fix: "Sign the request of this trust domain with a key of its trust root.",
    },
  },
  APPROVAL_WRONG_NONCE: {
    severity: "error",
    exitCode: 5,
    message: "the response answers another request of this gate",
    hint: "sign the request with nonce {nonce}",
    explanation: {
      cause: "Every request has a fresh nonce; only answers to the open request count.",
      example: "a response made for an earlier export of the request",
      fix: "Sign the request that is open now: `packrun approve RUN GATE` reads it there.",
    },
  },
  APPROVAL_WRONG_PLAN: {
    severity: "error",
    exitCode: 5,
    message: "the response approves another plan than {planHash}",
    hint: "review and sign the plan with hash {planHash}",
    explanation: {
      cause:
        "The run's stored copies, compiled again just then, gave another plan than the one that is asked about, or none; " +
        "or an approval in a bundle signs another plan than that of its run.",
      example: "the copy of the pack in the store was changed while a gate was open",
      fix: "Look at the run's plan, and sign that with `packrun approve RUN GATE`.",
    },
  },
  APPROVAL_APPROVER: {
    severity: "error",
    exitCode: 5,
    message: "the response names {approver} as approver, but {principal} signed it",
    hint: "name the principal of the signing key: {principal}",
    explanation: {
      cause: "The name in an approval must be that of the key's principal in the trust root.",
      example: "--approver bob, signed with the key of alice",
      fix: "Write the statement with the right approver and sign again.",
    },
  },
  APPROVAL_ROLE: {
    severity: "error",
    exitCode: 5,
    message: "{principal} holds none of the roles that may decide this gate: {roles}",
    hint: "let a holder of one of these roles decide: {roles}",
    explanation: {
      cause: "The pack's rule says which roles approve; the trust root says who holds them.",
      example: "a developer signed where approver is asked for",
      fix: "Ask an approver, or give the role: `packrun trust add KEY.pub --principal NAME --role ROLE`.",
    },
  },
  APPROVAL_KEY_WINDOW: {
    severity: "error",
    exitCode: 5,
    message: "the key of {principal} is valid from {validFrom} until {validUntil}, not when the decision is recorded",
    hint: "sign with a key that is valid now",
    explanation: {
      cause: "A decision counts by the time at which it is recorded; the key must be in its window then.",
      example: "an approval signed with a key that was retired yesterday",
      fix: "Use the new key, or let the trust root extend the window.",
    },
  },
  APPROVAL_SCOPE: {
    severity: "error",
    exitCode: 5,
    message: "{principal} holds role {role}, but its {bound} do not cover this gate",
    hint: "let someone decide whose role covers it, or widen {bound} of the role in the trust root",
    explanation: {
      cause: "A role can be bounded to packs, tenants and gates.",
      example: "an approver for acme/* signed for other/tool",
      fix: "Ask another approver, or change the bounds of the role.",
    },
  },
  APPROVAL_LATE: {
    severity: "error",
    exitCode: 5,
    message: "the response came at {now}; it was good until {notAfter}",
    hint: "start the run again: a decision counts only before {notAfter}",
    explanation: {
      cause: "Decisions count by the time they are recorded, not by the time they were signed.",
      example: "a response that crossed the gap a day after the gate's ttl",
      fix: "Start a new run and answer in time, or raise `ttl` of the rule in the pack.",
    },
  },
  APPROVAL_ALREADY_DECIDED: {
    severity: "error",
    exitCode: 5,
    message: "{principal} has decided this gate already",
    hint: "another principal must decide; one person counts once",
    explanation: {
      cause:
        "Each principal decides once, whichever of their keys signs. Of two answers in the same moment the second is " +
        "APPROVAL_DUPLICATE.",
      example: "the same approver signed with a second key",
      fix: "Ask another approver.",
    },
  },
  APPROVAL_SELF: {
    severity: "error",
    exitCode: 5,
    message: "{principal} asked for this run and may not decide on it",
    hint: "another principal must decide: the rule separates duties",
    explanation: {
      cause: "With separationOfDuties whoever requested the run may not approve it.",
      example: "the developer key signs both the run request and the approval",
      fix: "Let someone else approve, with a key of their own: `packrun keys generate alice`, then `packrun trust add alice.pub --principal alice --role approver`.",
    },
  },
  APPROVAL_REASON_MISSING: {
    severity: "error",
    exitCode: 5,
    message: "the decision gives no reason, and the rule asks for one",
    hint: "sign again with --reason TEXT",
    explanation: {
      cause: "The pack's rule has reasonRequired, and the signed reason is empty.",
      example: "packrun approve RUN GATE --key alice.key   # the rule has reasonRequired: true",
      fix: 'Give the reason when signing: --reason "change 4711, tested in staging".',
    },
  },
  APPROVAL_ROOT_EXPIRED: {
    severity: "error",
    exitCode: 5,
    message: "the trust root expired at {expires}; no decision is taken under it",
    hint: "get the next version of the trust root from its owner",
    explanation: {
      cause: "Nobody's right to approve is known once the trust root has expired.",
      example: "a trust root that nobody renewed",
      fix: "Make a next version, which holds as long as this one did: `packrun trust policy --root-threshold N` with the N that it has, then `packrun trust sign --key root.key` by that many root keys.",
    },
  },
  APPROVAL_REVOCATIONS_MISSING: {
    severity: "error",
    exitCode: 5,
    message: "trust domain {trustDomain} takes no decision without a revocation list that can be relied on",
    hint: "put the newest revocation list of {trustDomain} beside the trust root, or name it with `revocations`",
    explanation: {
      cause: "The trust root requires revocations and there is no list, or the one that is there does not hold.",
      example: "policy.revocation.required on a site without revocations.json, or a list that was not renewed in time",
      fix: "Configure the site's revocation list; `packrun trust check` says what is wrong with it.",
    },
  },
  APPROVAL_REVOKED: {
    severity: "error",
    exitCode: 5,
    message: "the decision does not count: {problem}",
    hint: "{problem} ({code})",
    explanation: {
      cause: "The run, its plan, its pack, the key that signed, or the very decision stands in the revocation list.",
      example: "packrun approve RUN GATE --key alice.key --reason checked   # the key was revoked: a laptop was stolen",
      fix: "Decide with another key. A revoked run, plan or pack takes no decision at all: cancel the run.",
    },
  },
  REQUESTER_UNKNOWN: {
    severity: "error",
    exitCode: 5,
    message: "the run was requested by {requester}, whom trust domain {trustDomain} does not know",
    hint: "request the run with a key or token of a principal of the trust root",
    explanation: {
      cause: "Who may not approve cannot be told when nobody knows who asked; such a run takes no approvals.",
      example: "a run requested with a development key, its approvals judged by the production trust root",
      fix: "Add the requester to the trust root, or run again with a key that it knows: `packrun run PACK --as KEY`.",
    },
  },
});

export type ApprovalCode = keyof typeof approvalCodes;
