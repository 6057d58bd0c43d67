import type { Digest } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import type { Metadata } from "./event.ts";
import type { AttemptOutcome } from "./outcome.ts";
import type { Values } from "./value.ts";

/**
 * What a driver tells the core. Every command has an id; the same id again decides nothing.
 * A command that no longer fits the state (an attempt that has ended, a gate that is closed) decides nothing either.
 */
export type Command = { readonly id: string } & CommandBody;

export type CommandBody =
  /** The first command of every run. `reused`: steps taken over from the run named in `from`, with their outputs. */
  | {
      readonly kind: "create";
      readonly metadata: Metadata<"run.created">;
      readonly reused?: Readonly<Record<string, Values>>;
    }
  /** A driver has taken the lease: `lease.acquired`, and `run.resumed` if the run had started. */
  | { readonly kind: "acquire"; readonly owner: string; readonly fence: number }
  /** The plan recompiled to the pinned bytes: `plan.verified`, and `run.started` the first time. */
  | { readonly kind: "verified"; readonly engine: { readonly name: string; readonly version: string } }
  /** It did not: `plan.drift`; running attempts are stopped, nothing more starts, `finally` does not run. */
  | { readonly kind: "drifted"; readonly node: string; readonly pointer: string; readonly hint: string }
  /** This host cannot enforce the plan's sandbox: the run ends as failed with this reason, `finally` does not run. */
  | { readonly kind: "refused"; readonly reason: string; readonly hint: string }
  /** An attempt is ready for its start token: `step.started`, `secret.resolved`…, `sandbox.enforced`. */
  | {
      readonly kind: "start";
      readonly stepId: string;
      readonly attempt: number;
      readonly exe?: { readonly path: string; readonly digest: Digest };
      readonly secrets: readonly { readonly name: string; readonly provider: string }[];
      readonly enforced?: Metadata<"sandbox.enforced">;
    }
  | {
      readonly kind: "output";
      readonly stepId: string;
      readonly attempt: number;
      readonly output: Metadata<"step.output">;
    }
  /** Also for attempts that failed before they could start: then `step.started` comes first. */
  | { readonly kind: "ended"; readonly stepId: string; readonly attempt: number; readonly outcome: AttemptOutcome }
  /** An attempt that started under an earlier driver and left no outcome. */
  | { readonly kind: "lost"; readonly stepId: string; readonly attempt: number }
  | {
      readonly kind: "gateOpened";
      readonly stepId: string;
      readonly requestDigest: Digest;
      readonly notAfter: Timestamp;
    }
  /** A gate's request could not be made (its message has no value, no key to sign it): the gate fails. */
  | { readonly kind: "gateFailed"; readonly stepId: string; readonly reason: string; readonly hint: string }
  /** A decision that was checked (trust room); `stepId` may name no gate: then it is refused with GATE_UNKNOWN. */
  | {
      readonly kind: "decision";
      readonly stepId: string;
      readonly verdict:
        | {
            readonly kind: "accepted";
            readonly decision: "approve" | "reject";
            readonly principal: string;
            readonly payloadDigest: Digest;
          }
        | { readonly kind: "refused"; readonly code: string; readonly hint: string; readonly principal?: string };
    }
  /**
   * The counted approvals of a gate that would pass were checked once more; `void` lists those that no longer hold: now, or
   * `from` this time on.
   */
  | {
      readonly kind: "confirmed";
      readonly stepId: string;
      readonly void: readonly {
        readonly payloadDigest: Digest;
        readonly code: string;
        readonly hint: string;
        readonly from?: Timestamp;
      }[];
    }
  | {
      readonly kind: "policyEvaluated";
      readonly stepId: string;
      readonly answer: "allowed" | "denied" | "undecided";
      readonly why: string;
      readonly policyDigest: Digest;
      readonly contextDigest: Digest;
    }
  | { readonly kind: "cancel"; readonly by: string; readonly reason?: string }
  /** An incident opens, or goes on for longer. */
  | { readonly kind: "incident"; readonly by: string; readonly reason: string; readonly until: Timestamp }
  | { readonly kind: "incidentOver"; readonly by: string }
  /** A manifest of the run so far was signed and kept. `asked`: by a command of this id. */
  | { readonly kind: "snapshot"; readonly manifestDigest: Digest; readonly asked?: true }
  /** It could not be: the run goes on without it. */
  | { readonly kind: "snapshotFailed" }
  /** Time has passed: timers that are due fire. `now` of the turn is what counts. */
  | { readonly kind: "tick" };
