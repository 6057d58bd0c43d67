import type { Digest } from "#canon/digest.ts";

/**
 * What a run wants done, under stable keys. `todo` returns the whole wanted set; a driver starts what is new and stops
 * what is no longer listed.
 */
export type Effect =
  /** `run:<stepId>:<attempt>`. Listed until the attempt has ended, or until it is to be stopped. */
  | { readonly kind: "attempt"; readonly key: string; readonly stepId: string; readonly attempt: number }
  /**
   * The attempt that is listed next when a place comes free, under the same key. It may be made ready and must not
   * start; it can be displaced by another at any time.
   */
  | { readonly kind: "upcoming"; readonly key: string; readonly stepId: string; readonly attempt: number }
  /** `open:<stepId>`: make and sign the approval request, then `gateOpened`. */
  | { readonly kind: "openGate"; readonly key: string; readonly stepId: string }
  /** `confirm:<stepId>:<decisions so far>`: check these approvals once more, then `confirmed`. */
  | {
      readonly kind: "confirmGate";
      readonly key: string;
      readonly stepId: string;
      readonly approvals: readonly Digest[];
    }
  /** `policy:<stepId>`: evaluate, then `policyEvaluated`. */
  | { readonly kind: "policy"; readonly key: string; readonly stepId: string }
  /** `snapshot:<sequence that asks for it>`: sign and keep a manifest of the run so far, then `snapshot`. */
  | { readonly kind: "snapshot"; readonly key: string }
  /** `timer:…`: send `tick` when the clock reads `dueAt` (milliseconds since 1970). */
  | { readonly kind: "timer"; readonly key: string; readonly dueAt: number };
