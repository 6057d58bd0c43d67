import type { Digest } from "#canon/digest.ts";
import type { Json } from "#canon/json.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import type { Result } from "#fault/result.ts";

/** A gate that opens: what its approvers are asked. */
export type GateOpening = { readonly gateId: string; readonly approval: string; readonly message?: string };

/** What the ledger already says of a gate when a decision on it is judged. */
export type GateStanding = {
  /** False for ids that are no approval gate of the plan. */
  readonly known: boolean;
  readonly open: boolean;
  /** Principals whose decisions are counted. */
  readonly decided: readonly string[];
};

export type DecisionVerdict =
  | {
      readonly kind: "accepted";
      readonly decision: "approve" | "reject";
      readonly principal: string;
      readonly payloadDigest: Digest;
    }
  | { readonly kind: "refused"; readonly code: string; readonly hint: string; readonly principal?: string };

/** From when on an approval that holds will hold no more, and the code and hint of its refusal then. */
export type ApprovalEnd = { readonly from: Timestamp; readonly code: string; readonly hint: string };

/**
 * Makes approval requests and judges decisions, for one run.
 * 1. `open` signs a request once; asked again for the same gate, it answers with the same request.
 * 2. `judge` never throws on what was sent, and keeps an accepted response before it answers.
 * 3. `recheck` says whether an accepted approval still holds now, and until when.
 */
export type GateKeeper = {
  readonly open: (
    gate: GateOpening,
  ) => Promise<Result<{ readonly requestDigest: Digest; readonly notAfter: Timestamp }>>;
  readonly judge: (gateId: string, response: Json, standing: GateStanding) => Promise<DecisionVerdict>;
  readonly recheck: (gateId: string, payloadDigest: Digest) => Promise<Result<ApprovalEnd>>;
};
