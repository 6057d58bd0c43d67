import { revocationListPredicate } from "#attest/revocation-claim.ts";
import { signStatement } from "#app/sign-statement.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import type { Signer } from "#port/signer.ts";
import { nodeSha256, nodeVerifySignature } from "#signer/node-crypto.ts";
import type { RevocationFiles } from "#trust/check-revocations.ts";
import { value } from "../attest/signing.ts";

export type SampleRevocations = {
  readonly trustDomain?: string;
  readonly sequence?: number;
  readonly issuedAt?: string;
  readonly nextUpdate?: string;
  readonly entries?: readonly (readonly [kind: string, value: string])[];
  /** Members in place of the document's own, or more than it has. */
  readonly more?: object;
  /** What is signed in place of the document's own. */
  readonly claim?: object;
};

/** A list that `signer` signed, of 2026-01-05 unless it says otherwise. */
export async function revocations(
  signer: Signer,
  sample: SampleRevocations = {},
): Promise<RevocationFiles & { readonly sidecar: Uint8Array }> {
  const { trustDomain = "acme-prod", sequence = 1, entries = [] } = sample;
  const revokedAt = "2026-01-05T00:00:00.000Z";
  const list = canonicalBytes({
    schema: "packrun.revocations/v1",
    trustDomain,
    sequence,
    issuedAt: sample.issuedAt ?? revokedAt,
    nextUpdate: sample.nextUpdate ?? "2026-12-01T00:00:00.000Z",
    ...(sequence === 1 ? {} : { previousDigest: `sha256:${"e".repeat(64)}` }),
    entries: entries.map(([kind, of]) => ({ kind, value: of, reason: "it was stolen", revokedAt })),
    ...sample.more,
  });
  const claim = { trustDomain, sequence, ...sample.claim };
  const draft = {
    predicate: revocationListPredicate,
    subjects: [{ name: "revocations.json", digest: digestOf(list, nodeSha256) }],
    value: claim as never,
  };
  const tools = { sha256: nodeSha256, verifySignature: nodeVerifySignature };
  return { list, sidecar: value(await signStatement(signer, draft, tools)).sidecar };
}
