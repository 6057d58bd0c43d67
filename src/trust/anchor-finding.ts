import type { AnchorFile } from "#attest/anchor-file.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import type { Fault } from "#fault/fault.ts";
import type { AnchorKind } from "./anchor-authority.ts";
import type { TrustRoot } from "./trust-root.ts";

/** What one timestamp or log entry of an anchor turned out to be. */
export type AnchorFinding = { readonly kind: AnchorKind } & (
  | {
      readonly status: "believed";
      /** Name of the authority, or origin of the log. */
      readonly by: string;
      /** When it was made; absent for log entries, which prove no time. */
      readonly time?: Timestamp;
      /** Of a log: from when until when its key is believed. */
      readonly window?: { readonly validFrom: Timestamp; readonly validUntil: Timestamp };
    }
  /** By nobody whom the trust root names: as if it was not there. */
  | { readonly status: "unknown" }
  /** In the name of someone whom the trust root names, but not theirs, not over this attestation, or out of their window. */
  | { readonly status: "refused"; readonly fault: Fault }
);

/**
 * Holds every timestamp and entry of an anchor against a trust root: one finding each, timestamps first, in the order of
 * the file. Handed in, because it needs X.509, CMS and proofs of inclusion, which the portable rooms do not have. Never
 * throws on any bytes.
 */
export type ProveAnchor = (anchor: AnchorFile, root: TrustRoot) => Promise<readonly AnchorFinding[]>;
