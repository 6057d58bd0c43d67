import { codeTable } from "#fault/code-table.ts";

/** What no honest runner writes is mended by nobody but whoever has it. */
const ASK_ITS_RUNNER =
  "Do not rely on this run. Take the bundle once more from where it was sealed; if its verdict stays, whoever answers for that machine has to say how it came about.";

/** What a verifier can find. Only wrong uses of it exit with 2, all findings with 7. */
export const verifyCodes = codeTable({
  VERIFY_OPTION: {
    severity: "error",
    exitCode: 2,
    message: "{option} needs {expected}",
    hint: "give the value in this form",
    explanation: {
      cause: "A value on the command line cannot be read.",
      example: "--plan-hash 3f2a",
      fix: "Copy the value whole, such as --plan-hash sha256: with its 64 hex digits.",
    },
  },
  VERIFY_TRUST_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "no trust root was given: nobody is trusted",
    hint: "give --trust FILE, the trust-root.json that you pinned",
    explanation: {
      cause: "Without a trust root a bundle proves only that it is whole, not who stands behind it. That is no pass.",
      example: "packrun verify ./evidence   # no trust root is given or configured",
      fix: "Get trust-root.json from its owner over a channel that you trust and give it with --trust.",
    },
  },
  ATTESTATION_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "{path} is not in the bundle",
    hint: "a bundle without its attestation proves nothing",
    explanation: {
      cause: "The main attestation is missing, so nobody vouches for the manifest.",
      example: "a bundle that was copied without evidence.manifest.json.sigstore.json",
      fix: "Take the whole bundle from its source again.",
    },
  },
  SIGNATURE_ABSENT: {
    severity: "error",
    exitCode: 7,
    message: "{path} is not in the bundle, and every signature is required",
    hint: "verify without --require-dsse where parts that nobody signed are acceptable",
    explanation: {
      cause:
        "With --require-dsse every signature that a bundle can have must be there: of the run request and the approval requests, of the pack and its SBOM, and of the revocation list.",
      example: "packrun verify last --require-dsse   # the pack was run from a folder, so that no publisher signed it",
      fix: "Run again with what is missing: the pack from a signed bundle (`packrun bundle import FILE`, then `packrun run NAME@VERSION`), a requester's key (`--as KEY`), and a revocation list beside the trust root (`packrun revoke --renew --key KEY`).",
    },
  },
  PACK_LISTING_INVALID: {
    severity: "error",
    exitCode: 7,
    message: "pack.manifest.json is no listing of a pack's files: {problem}",
    hint: "do not rely on this run",
    explanation: {
      cause:
        "What a publisher signed is made again from the listing of the pack's files, which therefore has one form only.",
      example: "a listing with a folder in it, or one that is not sorted",
      fix: "Take the bundle from its source again.",
    },
  },
  BINDING_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "{what} of {where} is {found}, not {expected}",
    hint: "the parts of this bundle do not belong together",
    explanation: {
      cause: "Every signed part names run, tenant, trust domain and plan; one of them names another.",
      example: "an attestation of another run put beside this manifest",
      fix: "Take the bundle from its source again.",
    },
  },
  ASSERTED_PLAN_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the plan is {found}, not the asserted {expected}",
    hint: "check which plan was meant",
    explanation: {
      cause: "The hash that was given with --plan-hash is not the plan of this run.",
      example: "--plan-hash of an earlier release",
      fix: "Compare with `sha256sum plan.canonical.json` of the plan that was approved.",
    },
  },
  STATEMENT_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the attestation says something else of {member} than the bundle shows",
    hint: "the runner attested what did not happen, or the bundle was exchanged",
    explanation: {
      cause: "Every member of the attestation is computed again from the bundle; one differs.",
      example: "an attestation that calls a failed step succeeded",
      fix: ASK_ITS_RUNNER,
    },
  },
  LEDGER_UNFINISHED: {
    severity: "error",
    exitCode: 7,
    message: "the ledger does not end in run.finished",
    hint: "only finished runs are sealed",
    explanation: {
      cause: "The ledger was cut, or the run was not over.",
      example: "the last lines of the ledger were removed",
      fix: "Take the bundle from its source again.",
    },
  },
  PLAN_REFUSED: {
    severity: "error",
    exitCode: 7,
    message: "plan.canonical.json is refused: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "The nodes of the plan do not fit together: no compiled plan looks so.",
      example: "a node that needs something inside another container",
      fix: ASK_ITS_RUNNER,
    },
  },
  PLAN_BYTES_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "plan.canonical.json has the hash {found}, not {expected}",
    hint: "the plan of this bundle is not the one that the run names",
    explanation: {
      cause: "The SHA-256 of the plan file is not the planHash that manifest, ledger and approvals speak of.",
      example: "a plan that was exchanged after the approval",
      fix: ASK_ITS_RUNNER,
    },
  },
  NODE_UNKNOWN: {
    severity: "error",
    exitCode: 7,
    message: "line {line}: {problem}",
    hint: "the ledger shows work that the plan does not contain",
    explanation: {
      cause: "An event names a step, an item or a policy that is not in the approved plan.",
      example: "a step that was slipped into the run",
      fix: ASK_ITS_RUNNER,
    },
  },
  INSTANCES_TOO_MANY: {
    severity: "error",
    exitCode: 7,
    message: "line {line}: {problem}",
    hint: "so large a run cannot be verified",
    explanation: {
      cause: "The maps of the ledger were expanded to more steps than a verifier looks at, so the run is not judged.",
      example: "a map of 100000 items with 100 steps each",
      fix: "Split the work into several runs. When nobody made so large a run, do not rely on the bundle.",
    },
  },
  ORDER_VIOLATED: {
    severity: "error",
    exitCode: 7,
    message: "line {line}: {problem}",
    hint: "the ledger shows an order that the plan does not allow",
    explanation: {
      cause: "Something began before what it needs, or ended twice, or an event stands outside its attempt.",
      example: "a deployment that started before its gate had passed",
      fix: ASK_ITS_RUNNER,
    },
  },
  OUTPUTS_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "outputs.json is not what the ledger shows: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause:
        "Outputs and artifacts are computed again from the ledger; the file differs from that, or names an output that no step gave.",
      example: "an output that was renamed after the run",
      fix: ASK_ITS_RUNNER,
    },
  },
  ARTIFACT_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "artifact {digest}: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause:
        "An artifact that the ledger names is missing, different or of another size, or one is there that nothing names; or a step names an output that it did not capture.",
      example: "an artifact of another run in the folder artifacts/",
      fix: "Take the bundle from its source again. If it is the same there, an artifact was exchanged after the run: do not use it.",
    },
  },
  EGRESS_LINE_FORM: {
    severity: "error",
    exitCode: 7,
    message: "egress.jsonl, line {line}: {problem}",
    hint: "the record of the network is not one that packrun wrote",
    explanation: {
      cause:
        "Every line of egress.jsonl is canonical JSON of one form, and the lines are numbered from 1 without a gap.",
      example: "a line that was taken out of the record",
      fix: ASK_ITS_RUNNER,
    },
  },
  EGRESS_LINE_UNPLANNED: {
    severity: "error",
    exitCode: 7,
    message: "egress.jsonl, line {line}: {problem}",
    hint: "something reached the network that the plan does not allow",
    explanation: {
      cause:
        "A line belongs to an attempt that the ledger shows, of a step whose sandbox has egress rules; what was let through is covered by one of these rules, with its protocol.",
      example: "a connection to a host that is not in the approved egressAllowlist",
      fix: ASK_ITS_RUNNER,
    },
  },
  EGRESS_USE_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "attempt {attempt} of {stepId}: {problem}",
    hint: "the record of the network and the ledger do not belong together",
    explanation: {
      cause:
        "The requests and bytes that a step's end names are the sums of its lines in egress.jsonl, and every refused try of the ledger has its line there.",
      example: "a bundle whose egress.jsonl was left out although the ledger shows requests",
      fix: ASK_ITS_RUNNER,
    },
  },
  EGRESS_OVER_QUOTA: {
    severity: "error",
    exitCode: 7,
    message: "{what} used {found} {unit} of the network, and the plan allows {limit}",
    hint: "the runner did not keep the quotas of the approved plan",
    explanation: {
      cause:
        "The lines of egress.jsonl add up to more than egressQuota, or than maxRequests or maxBytes of a rule, allows in the whole run.",
      example: "201 requests with egressQuota: {requests: 200, bytes: 100Mi}",
      fix: ASK_ITS_RUNNER,
    },
  },
  PACK_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "pack.manifest.json has the digest {found}, the plan names {expected}",
    hint: "the list of pack files is not that of the pack that was planned",
    explanation: {
      cause: "The digest of the pack manifest is not the pack digest of the plan.",
      example: "a pack manifest of another version",
      fix: ASK_ITS_RUNNER,
    },
  },
  PACK_SOURCE_FOLDER: {
    severity: "error",
    exitCode: 7,
    message: "the pack came from a folder, not from a verified pack bundle",
    hint: "run it as NAME@VERSION from the registry",
    explanation: {
      cause: "With --require-dsse only packs that a publisher signed are accepted.",
      example: "packrun verify last --require-dsse   # the run was started with: packrun run ./release",
      fix: "Import the signed pack with `packrun bundle import FILE`, run it as `packrun run NAME@VERSION`, and verify that run. Where folders are acceptable, verify without --require-dsse.",
    },
  },
  INPUTS_LOCK_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "inputs.lock does not fit the run: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "The inputs lock names another plan, tenant or input than plan and ledger.",
      example: "an inputs.lock of another run",
      fix: ASK_ITS_RUNNER,
    },
  },
  RUN_REQUEST_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the run request does not fit the run: {problem}",
    hint: "the request that is in the bundle did not ask for this run",
    explanation: {
      cause: "Run, tenant, trust domain, plan, requester or digest of the request differ from the ledger.",
      example: "the request of an earlier run",
      fix: ASK_ITS_RUNNER,
    },
  },
  APPROVAL_REQUEST_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "gate {gate}: the approval request does not fit: {problem}",
    hint: "what the approvers were asked is not what the ledger and the plan say",
    explanation: {
      cause: "The request is missing, or differs from ledger or plan.",
      example: "a request with another message or another plan",
      fix: ASK_ITS_RUNNER,
    },
  },
  DECISION_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the recorded decision and the signed one differ: {problem}",
    hint: "a decision in the ledger is not the one that was signed",
    explanation: {
      cause:
        "The response behind a decision is validly signed, but the ledger tells of another digest, decision or person.",
      example: "the responses of two gates were exchanged",
      fix: ASK_ITS_RUNNER,
    },
  },
  QUORUM_MISSING: {
    severity: "error",
    exitCode: 7,
    message: "gate {gate} passed with {have} of {need} approvals",
    hint: "the run went on without the approvals that the plan demands",
    explanation: {
      cause: "A gate of the plan was passed before enough valid approvals of different people were recorded.",
      example: "a gate for two people that one person opened",
      fix: ASK_ITS_RUNNER,
    },
  },
  GATE_END_UNFOUNDED: {
    severity: "error",
    exitCode: 7,
    message: "gate {gate}: {problem}",
    hint: "the gate ended for a reason that the ledger does not support",
    explanation: {
      cause: "A gate was rejected without a rejection, or expired before its time.",
      example: "a gate that expired while its approvals were still valid",
      fix: ASK_ITS_RUNNER,
    },
  },
  POLICY_CONTEXT_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "gate {gate}: {problem}",
    hint: "take the bundle from its source again",
    explanation: {
      cause: "The context that a policy was evaluated over is missing or is not the one that the ledger names.",
      example: "a context in which a number was changed",
      fix: ASK_ITS_RUNNER,
    },
  },
  OUTCOME_MISMATCH: {
    severity: "error",
    exitCode: 7,
    message: "the run ended as {found}, its steps say {expected}",
    hint: "the outcome of the run does not follow from its steps",
    explanation: {
      cause: "The last event of the ledger contradicts the events before it.",
      example: "a run with a failed step that calls itself succeeded",
      fix: ASK_ITS_RUNNER,
    },
  },
});
