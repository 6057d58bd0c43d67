import type { Digest } from "#canon/digest.ts";
import type { Fault } from "#fault/fault.ts";
import { wholeText } from "#fault/whole-text.ts";
import type { EgressUse, Metadata, Usage } from "./event.ts";
import type { Values } from "./value.ts";

/** What became of one declared output file or folder. */
export type ArtifactRecord =
  | {
      readonly name: string;
      readonly status: "captured";
      readonly digest: Digest;
      readonly size: number;
      readonly mediaType?: string;
    }
  | { readonly name: string; readonly status: "refused" | "missing"; readonly notes: string };

type Measured = {
  readonly durationMs: number;
  readonly artifacts: readonly ArtifactRecord[];
  readonly usage?: Usage;
  readonly egress?: EgressUse;
  /** Connections that the sandbox did not let through, in the order in which they were tried. */
  readonly denied?: readonly Metadata<"egress.denied">[];
};

/** How one attempt ended, as whoever carried it out reports it. Large values are named by digest. */
export type AttemptOutcome =
  | (Measured & { readonly kind: "succeeded"; readonly outputs: Values })
  | (Measured & {
      readonly kind: "failed";
      /** A code: STEP_EXIT, STEP_TIMEOUT, STEP_OOM, STEP_OUTPUT_MISSING … */
      readonly reason: string;
      readonly hint: string;
      readonly exitCode?: number;
      readonly signal?: string;
      /** What `reason` and `hint` tell in one text; for whoever answers with it, and in no ledger. */
      readonly fault?: Fault;
    })
  /** It was ended because the run no longer wanted it. */
  | (Measured & { readonly kind: "cancelled" });

/** Why an attempt failed, of an outcome that the fault explains. */
export function failedFor(
  fault: Fault,
): Pick<Extract<AttemptOutcome, { kind: "failed" }>, "kind" | "reason" | "hint" | "fault"> {
  return { kind: "failed", reason: fault.code, hint: wholeText(fault), fault };
}
