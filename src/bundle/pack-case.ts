import type { VerifySignature } from "#attest/public-key.ts";
import type { Sha256 } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import type { Result } from "#fault/result.ts";
import type { SignedRevocations } from "#trust/check-revocations.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { StreamHash } from "#verify/bundle-source.ts";
import type { Blob } from "#layout/oci.ts";
import type { PackFindings } from "./pack-verdict.ts";
import type { BundleLayout } from "./read-layout.ts";

export type PackVerifyHost = {
  readonly sha256: Sha256;
  readonly startHash: () => StreamHash;
  readonly verifySignature: VerifySignature;
};

/** What the checks of one pack bundle share. */
export type PackCase = PackVerifyHost & {
  /** The time of verification. */
  readonly at: Timestamp;
  readonly findings: PackFindings;
  readonly layout: BundleLayout;
  readonly trustRoot: TrustRoot;
  /** The list that is in force; absent when there is none that holds. */
  readonly revocations?: SignedRevocations;
  readonly document: (blob: Blob) => Promise<Result<Uint8Array>>;
};
