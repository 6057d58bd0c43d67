import { codeTable } from "#fault/code-table.ts";

/** Why a bearer's token does not let them send a decision. The decision itself is judged apart from it. */
export const approvalTokenCodes = codeTable({
  APPROVAL_TOKEN_CLAIM: {
    severity: "error",
    exitCode: 5,
    message: "the token has no claim {claim}, or one that is no text",
    hint: "get a token for this gate: with pack_run_id, pack_gate_id and pack_plan_hash",
    explanation: {
      cause: "A token that may approve anything must name the one run, gate and plan that it is for.",
      example: "a token with the scope packs.approve and nothing else",
      fix: "Ask the issuer for a token with the three claims of this gate. The local issuer of a server makes one where its state is, with `packrun token issue --subject NAME --scope packs.read --scope packs.approve --run RUN --gate GATE`. The own token of a loopback server has none: decide in its store, without --server.",
    },
  },
  APPROVAL_TOKEN_RUN: {
    severity: "error",
    exitCode: 5,
    message: "the token is for another run than {runId}",
    hint: "get a token with pack_run_id {runId}",
    explanation: {
      cause: "The claim pack_run_id is not the run that is decided on.",
      example: "the token of yesterday's run",
      fix: "Ask the issuer for a token of this run.",
    },
  },
  APPROVAL_TOKEN_GATE: {
    severity: "error",
    exitCode: 5,
    message: "the token is for another gate than {gateId}",
    hint: "get a token with pack_gate_id {gateId}",
    explanation: {
      cause: "The claim pack_gate_id is not the gate that is decided on, or the run has no such gate.",
      example: "the token of the first gate, sent for the second",
      fix: "Ask the issuer for a token of this gate.",
    },
  },
  APPROVAL_TOKEN_PLAN: {
    severity: "error",
    exitCode: 5,
    message: "the token is for another plan than {planHash}",
    hint: "get a token with pack_plan_hash {planHash}",
    explanation: {
      cause: "The claim pack_plan_hash is not the planHash of the run.",
      example: "a token that was issued before the pack was changed",
      fix: "Look at the run's plan, then ask the issuer for a token with its planHash.",
    },
  },
});

export type ApprovalTokenCode = keyof typeof approvalTokenCodes;
