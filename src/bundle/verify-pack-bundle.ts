import type { Digest, Sha256 } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { checkClaim } from "#layout/publisher.ts";
import { checkPackVersion } from "#trust/check-pack-version.ts";
import type { RevocationFiles } from "#trust/check-revocations.ts";
import { checkRootExpiry } from "#trust/freshness.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { verifyCodes } from "#verify/codes.ts";
import { failObjections, type Objections } from "#verify/objections.ts";
import type { PackSubject, PackVerdict } from "#verify/verdict.ts";
import { archiveCodes } from "./archive-codes.ts";
import { checkPublisher } from "./check-publisher.ts";
import { packBundleCodes } from "./codes.ts";
import { checkPlan } from "./check-plan.ts";
import { contentProblem } from "./content-problem.ts";
import { checkBundledList } from "./check-bundled-list.ts";
import { checkInventory } from "./check-inventory.ts";
import { ATTACHMENT_KINDS, type Blob } from "#layout/oci.ts";
import type { PackCase, PackVerifyHost } from "./pack-case.ts";
import { packFindings, type PackFindings } from "./pack-verdict.ts";
import { checkBlobs, readDocument, readLayout, type BundleLayout } from "./read-layout.ts";

export type PackVerifyOptions = {
  /** Bytes of the pinned `trust-root.json`; without it nothing is a pass. */
  readonly trustRoot?: Uint8Array;
  /** The site's own revocation list; the one in the bundle is only a floor. */
  readonly revocations?: RevocationFiles;
  /** What is remembered against the trust root or the site's list: older than those that were used before. */
  readonly objections?: Objections;
  /** A plan hash that must be that of the plan in the bundle. */
  readonly planHash?: Digest;
  /** The time of verification. */
  readonly at: Timestamp;
};

export type VerifiedBundle = {
  readonly verdict: PackVerdict;
  /** Absent when the archive or its manifests cannot be read. */
  readonly layout?: BundleLayout;
};

/**
 * Verifies a pack bundle offline; never throws on anything that it or the trust root holds, and lists every check. The same
 * bundle, root and options give the same verdict everywhere.
 */
export async function verifyPackBundle(
  source: BundleSource,
  options: PackVerifyOptions,
  host: PackVerifyHost,
): Promise<VerifiedBundle> {
  const findings = packFindings();
  failObjections(options.objections ?? {}, findings.fail);
  const root = checkRoot(options, host.sha256, findings);
  const unreadable = (error: unknown): Omit<VerifiedBundle, "verdict"> => {
    findings.fail("archive", faultOf(archiveCodes, "PACK_BUNDLE_UNREADABLE", { problem: systemProblem(error) }));
    return {};
  };
  const checked = await checkBundle(source, options, host, root, findings).catch(unreadable);
  const { layout } = checked;
  const subject: PackSubject =
    layout === undefined
      ? { type: "pack" }
      : {
          type: "pack",
          name: layout.pack.name,
          version: layout.pack.version,
          packDigest: layout.pack.packDigest,
          manifestDigest: layout.manifest.digest,
        };
  return { ...checked, verdict: findings.verdict(subject, root?.document.trustDomain) };
}

function checkRoot(
  { trustRoot: bytes, at }: PackVerifyOptions,
  sha256: Sha256,
  findings: PackFindings,
): TrustRoot | undefined {
  const read = bytes === undefined ? fail(faultOf(verifyCodes, "VERIFY_TRUST_MISSING")) : readTrustRoot(bytes, sha256);
  if (!read.ok) {
    findings.fail("trust-root", read.fault);
    return undefined;
  }
  const { trustDomain, version, expires } = read.value.document;
  findings.pass("trust-root", `${trustDomain}, version ${version}`);
  const fresh = checkRootExpiry(read.value, at);
  if (fresh.ok) {
    findings.pass("freshness", `the trust root is valid until ${expires}`);
  } else {
    findings.stale("freshness", fresh.fault);
  }
  return read.value;
}

async function checkBundle(
  source: BundleSource,
  options: PackVerifyOptions,
  host: PackVerifyHost,
  trustRoot: TrustRoot | undefined,
  findings: PackFindings,
): Promise<Omit<VerifiedBundle, "verdict">> {
  const layout = await readLayout(source, host.sha256);
  if (!layout.ok) {
    findings.fail("archive", layout.fault);
    return {};
  }
  const { pack, entries } = layout.value;
  const bytes = [...entries.values()].reduce((total, { size }) => total + size, 0);
  findings.pass("archive", `${entries.size} entries, ${bytes} bytes`);
  const document = (blob: Blob): Promise<Result<Uint8Array>> => readDocument(source, entries, blob, host.sha256);
  await checkContents(source, layout.value, host, findings);
  if (trustRoot === undefined) {
    return { layout: layout.value };
  }
  const version = checkPackVersion(trustRoot, pack);
  if (version.ok) {
    findings.pass("min-version", `the trust root takes ${pack.name} ${pack.version}`);
  } else {
    findings.fail("min-version", version.fault);
  }
  const given: PackCase = { ...host, at: options.at, findings, layout: layout.value, trustRoot, document };
  await checkTrust(given, options);
  return { layout: layout.value };
}

/** What holds, or does not, without knowing anybody. */
async function checkContents(
  source: BundleSource,
  layout: BundleLayout,
  host: PackVerifyHost,
  findings: PackFindings,
): Promise<void> {
  const blobs = await checkBlobs(source, layout, host);
  if (blobs.ok) {
    const attached = ATTACHMENT_KINDS.flatMap((kind) => layout.referrers.get(kind)?.manifest.artifactType ?? []);
    const more = attached.length === 0 ? "" : `; attached and not judged: ${attached.join(", ")}`;
    findings.pass("blobs", `${layout.pack.listing.length} files of the pack, as its manifest lists them${more}`);
  } else {
    findings.fail("blobs", blobs.fault);
  }
  const problem = contentProblem(layout.pack);
  if (problem === undefined) {
    findings.pass("pack", `${layout.pack.name} ${layout.pack.version}, ${layout.pack.packDigest}`);
  } else {
    findings.fail("pack", faultOf(packBundleCodes, "PACK_CONTENT_INVALID", { problem }));
  }
}

async function checkTrust(unheld: PackCase, { revocations: site, planHash }: PackVerifyOptions): Promise<void> {
  const { findings, layout, trustRoot } = unheld;
  const revocations = await checkBundledList(unheld, site);
  const given = revocations === undefined ? unheld : { ...unheld, revocations };
  const claim = await checkPublisher(given);
  const { trustDomain } = trustRoot.document;
  const claimed = claim === undefined ? undefined : checkClaim(claim, { ...layout.pack, trustDomain });
  if (claimed?.ok === true) {
    findings.pass("bindings", `attested for ${trustDomain}`);
  } else if (claimed !== undefined) {
    findings.fail("bindings", claimed.fault);
  }
  await checkInventory(given);
  await checkPlan(given, claim, planHash);
}
