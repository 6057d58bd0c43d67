import { codeTable } from "#fault/code-table.ts";

/** Approval folders: what crosses a gap to be decided on the other side. */
export const approvalUseCodes = codeTable({
  APPROVAL_FOLDER: {
    severity: "error",
    exitCode: 7,
    message: "{path} is no approval folder that can be read: {problem}",
    hint: "take the whole folder or archive that `packrun approvals request RUN GATE -o DIR` wrote, unchanged",
    explanation: {
      cause: "A file of the folder is missing, has another form, or cannot be read.",
      example: "only request.json was copied to the other side",
      fix: "Export the request again and carry all of it over, best as one archive: -o request.tar.",
    },
  },
  APPROVAL_FOLDER_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "{file} is not what the request speaks of: {problem}",
    hint: "sign nothing; get the request again from where the run is, and ask how this one came about",
    explanation: {
      cause:
        "Every file is held to the request: the plan by its planHash, the inputs lock and the pack by their digests, " +
        "the simulation by the plan. One of them is another.",
      example: "a plan.canonical.json in which a command was changed on the way",
      fix:
        "Export the request again. A simulation of another version of packrun can be left out: remove simulation.txt " +
        "and simulation.json; signing shows its own.",
    },
  },
  APPROVAL_REQUEST_UNTRUSTED: {
    severity: "error",
    exitCode: 7,
    message: "this request was not made by a runner that trust domain {trustDomain} knows: {problem}",
    hint: "sign nothing; ask who made this request, or whether this is the right trust root",
    explanation: {
      cause:
        "The request must be signed by a run attestor of the trust root, and the run by its requester; otherwise anyone " +
        "could ask for a signature under any name.",
      example: "a request of a test system that was brought to the approvers of production",
      fix: "Use the trust root of the run's trust domain. If it is the right one, treat the request as forged.",
    },
  },
  APPROVAL_TRUST_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "there is no trust root to check the request with",
    hint: "give the pinned one: --trust trust-root.json",
    explanation: {
      cause: "Nothing in a request says whom to believe, so nothing is decided without a trust root of one's own.",
      example:
        "packrun approvals sign request.tar --key alice.key --decision approve -o alice.sigstore.json   # no trust root here",
      fix: "Bring the trust root over once, check its digest with its owner, and name it with --trust or in packrun.config.yaml.",
    },
  },
  APPROVAL_PREVIOUS: {
    severity: "error",
    exitCode: 7,
    message: "{path} cannot be compared with: {problem}",
    hint: "name a plan file or an evidence bundle of the same pack, or leave --previous away",
    explanation: {
      cause:
        "What a plan is compared with must be a plan of the same pack, from a file or from evidence that verifies.",
      example: "--previous with the evidence of another pack",
      fix: "Name the evidence of the last approved run of this pack, or its plan.canonical.json.",
    },
  },
  APPROVAL_NOT_CONFIRMED: {
    severity: "error",
    exitCode: 130,
    message: "nothing was signed",
    hint: "answer yes to sign, or give --yes where nobody is to be asked",
    explanation: {
      cause: "At a terminal `packrun approvals sign` asks before it signs, and the answer was not yes.",
      example: "Enter was pressed at the question",
      fix: "Run the command again and answer yes, or give --yes.",
    },
  },
  APPROVAL_ENVELOPE_MISSING: {
    severity: "error",
    exitCode: 5,
    message: "the decision has no signed envelope",
    hint: "send the Sigstore bundle that `packrun approvals sign` wrote as member envelope",
    explanation: {
      cause: "A token alone decides nothing: what counts is the approver's signature.",
      example: '{"gateId": "release", "planHash": "sha256:…"}',
      fix: "Sign the request of the gate, and send what came of it as envelope.",
    },
  },
  APPROVAL_UNREADABLE: {
    severity: "error",
    exitCode: 5,
    message: "{file} is no response of which can be told what it decides: {problem}",
    hint: "give the file that `packrun approvals sign` or the foreign signer wrote, unchanged",
    explanation: {
      cause:
        "A response names run, gate and plan in its statement, and here these cannot be read. Of a file that is imported nobody knows then in which " +
        "ledger the refusal should stand; what was sent to a gate of a run is refused in the ledger of that run. " +
        "A response of which only the signature or the form is wrong is refused by its run, and stands in its ledger.",
      example: "packrun approvals import request.json   # the request, and not the answer to it",
      fix: "Give the signed response. A foreign signer must sign the statement of `packrun approvals statement` as it is.",
    },
  },
});
