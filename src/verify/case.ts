import type { VerifySignature } from "#attest/public-key.ts";
import type { Digest, Sha256 } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import type { EvidenceManifest } from "#evidence/evidence-manifest.ts";
import type { Plan } from "#plan/plan.ts";
import type { SignedRevocations } from "#trust/check-revocations.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { BundleReader } from "./bundle-reader.ts";
import type { BundleTree } from "./bundle-tree.ts";
import type { CheckList } from "./check-list.ts";
import type { FoldedLedger } from "./check-ledger.ts";
import type { PlanTree } from "./plan-tree.ts";

/** Everything that the checks of one bundle share. */
export type Case = {
  readonly checks: CheckList;
  readonly reader: BundleReader;
  readonly manifest: EvidenceManifest;
  readonly manifestDigest: Digest;
  /** Absent when none was given or it was refused: then no signature can be checked. */
  readonly trustRoot?: TrustRoot;
  /** What is revoked; absent when there is no list that can be relied on. */
  readonly revocations?: SignedRevocations;
  readonly at: Timestamp;
  /** Trusted times at which the attestation, and so everything that its manifest lists, was there already. */
  readonly timestamps: readonly Timestamp[];
  readonly requireDsse: boolean;
  readonly sha256: Sha256;
  readonly verifySignature: VerifySignature;
};

export type PlannedCase = Case & { readonly plan: Plan; readonly tree: PlanTree };
export type FoldedCase = PlannedCase & {
  readonly ledger: Required<FoldedLedger>;
  readonly trees: ReadonlyMap<Digest, BundleTree | string>;
};
