import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Digest } from "#canon/digest.ts";
import { runIdShape, tenantIdShape, trustDomainShape } from "#canon/id-shape.ts";
import type { RunId, TenantId, TrustDomain } from "#canon/ids.ts";
import { array, boolean, digest, integer, literal, object, string, type Infer } from "#canon/shape.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { ROLES } from "./evidence-path.ts";

const hex = string({ pattern: /^[0-9a-f]{64}$/, expected: "64 lower-case hex digits" });

const fileShape = object({
  path: string({ min: 1, max: 255 }),
  sha256: hex,
  size: integer({ min: 0 }),
  mediaType: string({ min: 1 }),
  role: literal(...ROLES),
});
export type ManifestFile = Infer<typeof fileShape>;

const verifierShape = object({ name: string({ min: 1 }), version: string({ min: 1 }), digest: digest() });
/** The single-file verifier that came with the runner that sealed: who, which version, SHA-256 of its file. */
export type VerifierName = Infer<typeof verifierShape>;

/** `evidence.manifest.json`: every file of the bundle but itself and its sidecar, sorted by path bytes. */
export const evidenceManifestShape = object({
  schema: literal("packrun.evidence/v1"),
  runId: runIdShape,
  tenantId: tenantIdShape,
  trustDomain: trustDomainShape,
  planHash: digest(),
  plan: object({ hash: digest(), canonicalPlanPath: literal("plan.canonical.json") }),
  final: boolean(),
  hashes: array(fileShape),
  verifier: verifierShape,
});
export type EvidenceManifest = Infer<typeof evidenceManifestShape>;

/** Whose bundle it is. */
export type EvidenceIdentity = {
  readonly runId: RunId;
  readonly tenantId: TenantId;
  readonly trustDomain: TrustDomain;
  readonly planHash: Digest;
};

/** The manifest of a finished run, as the bytes of its file. */
export function evidenceManifestBytes(
  identity: EvidenceIdentity,
  files: readonly ManifestFile[],
  verifier: VerifierName,
  final = true,
): Uint8Array {
  const { runId, tenantId, trustDomain, planHash } = identity;
  const manifest: EvidenceManifest = {
    schema: "packrun.evidence/v1",
    runId,
    tenantId,
    trustDomain,
    planHash,
    plan: { hash: planHash, canonicalPlanPath: "plan.canonical.json" },
    final,
    hashes: files.toSorted((a, b) => compareUtf8(a.path, b.path)),
    verifier,
  };
  return canonicalBytes(manifest);
}
