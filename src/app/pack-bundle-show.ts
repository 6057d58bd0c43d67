import { packBundlePredicate, type PackBundleClaim } from "#attest/pack-bundle.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { readStatement } from "#attest/read-statement.ts";
import type { ReferrerKind } from "#layout/oci.ts";
import { readDocument, readLayout, type BundleLayout } from "#bundle/read-layout.ts";
import { archiveCodes } from "#bundle/archive-codes.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import type { Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { openPackBundle, type OpenPackBundle } from "./pack-bundle-file.ts";

/** What a pack bundle says of itself. Nothing of it was verified. */
export type PackBundleView = {
  readonly name: string;
  readonly version: string;
  readonly packDigest: string;
  readonly manifestDigest: string;
  readonly size: number;
  readonly files: readonly FileEntry[];
  readonly referrers: readonly {
    readonly kind: ReferrerKind;
    /** What it is called in the index. */
    readonly refName: string;
    readonly digest: string;
    readonly artifactType: string;
  }[];
  /** The attestation, and the key that it names; null where there is none that can be read. */
  readonly attested: (Omit<PackBundleClaim, "referrers"> & { readonly keyid: string }) | null;
};

/** Faults: PACK_BUNDLE_NOT_FOUND, PACK_BUNDLE_UNREADABLE, and those of `readLayout`. */
export async function showPackBundle(path: string, sha256: Sha256): Promise<Result<PackBundleView>> {
  const opened = await openPackBundle(path);
  if (!opened.ok) {
    return opened;
  }
  await using bundle = opened.value;
  try {
    const layout = await readLayout(bundle.source, sha256);
    return layout.ok ? ok(await viewOf(bundle, layout.value, sha256)) : layout;
  } catch (error) {
    return fail(faultOf(archiveCodes, "PACK_BUNDLE_UNREADABLE", { problem: systemProblem(error) }));
  }
}

async function viewOf(
  { source, archive }: OpenPackBundle,
  layout: BundleLayout,
  sha256: Sha256,
): Promise<PackBundleView> {
  const { pack, manifest, referrers, entries } = layout;
  return {
    name: pack.name,
    version: pack.version,
    packDigest: pack.packDigest,
    manifestDigest: manifest.digest,
    size: archive?.size ?? [...entries.values()].reduce((total, { size }) => total + size, 0),
    files: pack.listing,
    referrers: [...referrers].map(
      ([
        kind,
        {
          manifest: { digest, artifactType, refName },
        },
      ]) => ({ kind, refName, digest, artifactType }),
    ),
    attested: await attestedOf(source, layout, sha256),
  };
}

async function attestedOf(
  source: BundleSource,
  { referrers, entries }: BundleLayout,
  sha256: Sha256,
): Promise<PackBundleView["attested"]> {
  const [blob] = referrers.get("publisher")?.files ?? [];
  const bytes = blob === undefined ? undefined : await readDocument(source, entries, blob, sha256);
  const envelope = bytes?.ok === true ? readSidecar(bytes.value, "own") : undefined;
  const statement = envelope?.ok === true ? readStatement(envelope.value.payload, packBundlePredicate) : undefined;
  if (envelope?.ok !== true || statement?.ok !== true) {
    return null;
  }
  const { referrers: _, ...claim } = statement.value.predicate;
  return { ...claim, keyid: envelope.value.keyid ?? "" };
}
