import { existsSync } from "node:fs";
import type { ReferrerKind } from "#layout/oci.ts";
import { readDocument, type BundleLayout } from "#bundle/read-layout.ts";
import type { Sha256 } from "#canon/digest.ts";
import { PACK_ATTESTATION_PATH, SBOM_PATH, SIDECAR } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import { openPackBundle } from "./pack-bundle-file.ts";
import { verifyPackPinned, type PinnedPackVerdict } from "./pack-bundle-verify.ts";
import { registryEntry, type PackReference } from "./pack-registry.ts";
import type { Settings } from "./settings.ts";
import type { VerifyTools } from "./verify-evidence.ts";

/** A version of the registry that was verified just now. */
export type RegisteredPack = PackReference & {
  /** The files of the pack. */
  readonly folder: string;
  readonly packDigest: string;
  /** What the evidence of runs carries, by its path there: the publisher's attestation, the SBOM and its attestation. */
  readonly evidence: ReadonlyMap<string, Uint8Array>;
};

/**
 * Opens a version of the registry. Its bundle is verified again, against what is trusted and revoked now. Faults:
 * REGISTRY_UNKNOWN, REGISTRY_REFUSED, REGISTRY_STALE, REGISTRY_CHANGED, and those of `verifyPackPinned`.
 */
export async function openRegistered(
  reference: PackReference,
  registry: string,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<RegisteredPack>> {
  const entry = registryEntry(registry, reference);
  const pack = `${reference.name}@${reference.version}`;
  if (!existsSync(entry.bundle)) {
    return fail(faultOf(packBundleUseCodes, "REGISTRY_UNKNOWN", { pack }));
  }
  const opened = await openPackBundle(entry.bundle);
  if (!opened.ok) {
    return opened;
  }
  // Opened once: an import that renews the entry meanwhile changes nothing in what was verified.
  await using bundle = opened.value;
  const found = await verifyPackPinned({ path: entry.bundle, bundle }, settings, tools);
  if (!found.ok) {
    return found;
  }
  const { verdict, layout, objections } = found.value;
  // A root or list of this place that is refused is not the pack's fault.
  const objection = objections.trustRoot ?? objections.revocations;
  if (objection !== undefined) {
    return fail(objection);
  }
  const { name, version, packDigest } = verdict.subject;
  if (verdict.verdict !== "verified" || layout === undefined || packDigest === undefined) {
    return refusedFor(pack, found.value);
  }
  if (name !== reference.name || version !== reference.version) {
    return fail(faultOf(packBundleUseCodes, "REGISTRY_CHANGED", { pack }));
  }
  const evidence = await evidenceOf(bundle.source, layout, tools.sha256);
  return evidence.ok ? ok({ ...reference, folder: entry.pack, packDigest, evidence: evidence.value }) : evidence;
}

const CARRIED: readonly (readonly [ReferrerKind, string])[] = [
  ["publisher", PACK_ATTESTATION_PATH],
  ["sbom", SBOM_PATH],
  ["sbom-attestation", SBOM_PATH + SIDECAR],
];

/** Read once more by the digests that were verified. Faults: those of `readDocument`. */
async function evidenceOf(
  source: BundleSource,
  { referrers, entries }: BundleLayout,
  sha256: Sha256,
): Promise<Result<ReadonlyMap<string, Uint8Array>>> {
  const carried = new Map<string, Uint8Array>();
  for (const [kind, path] of CARRIED) {
    for (const blob of referrers.get(kind)?.files ?? []) {
      const bytes = await readDocument(source, entries, blob, sha256);
      if (!bytes.ok) {
        return bytes;
      }
      carried.set(path, bytes.value);
    }
  }
  return ok(carried);
}

/** Whether what was planned is what the publisher signed. Fault: REGISTRY_CHANGED. */
export function checkUnchanged(
  { compiled }: { readonly compiled: { readonly plan: Pick<Plan, "pack"> } },
  { name, version, packDigest }: RegisteredPack,
): Result<void> {
  const { pack } = compiled.plan;
  // An entry that no import wrote may call itself otherwise in its pack.yaml, and would be approved under that name.
  return pack.digest === packDigest && pack.name === name && pack.version === version
    ? ok(undefined)
    : fail(faultOf(packBundleUseCodes, "REGISTRY_CHANGED", { pack: `${name}@${version}` }));
}

function refusedFor(pack: string, { verdict }: PinnedPackVerdict): Result<never> {
  const wanted = verdict.verdict === "stale" ? "stale" : "fail";
  const check = verdict.checks.find(({ status }) => status === wanted);
  const problem = check !== undefined && "code" in check ? `${check.code}: ${check.why}` : "a check was not made";
  const code = wanted === "stale" ? "REGISTRY_STALE" : "REGISTRY_REFUSED";
  return fail(faultOf(packBundleUseCodes, code, { pack, problem }));
}
