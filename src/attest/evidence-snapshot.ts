import { runIdShape, tenantIdShape, trustDomainShape } from "#canon/id-shape.ts";
import { digest, integer, object, timestamp, type Infer } from "#canon/shape.ts";
import { PREDICATE_BASE, type Predicate } from "./statement.ts";

/** `evidence-snapshot/v1`, over a manifest with `final: false`: the runner's word for a run that still goes on. */
const snapshotShape = object({
  runId: runIdShape,
  tenantId: tenantIdShape,
  trustDomain: trustDomainShape,
  planHash: digest(),
  ledger: object({ count: integer({ min: 1 }), headHash: digest(), digest: digest() }),
  takenAt: timestamp(),
});
export type EvidenceSnapshot = Infer<typeof snapshotShape>;
export const evidenceSnapshotPredicate: Predicate<EvidenceSnapshot> = {
  type: `${PREDICATE_BASE}evidence-snapshot/v1`,
  shape: snapshotShape,
  maxSubjects: 1,
};
