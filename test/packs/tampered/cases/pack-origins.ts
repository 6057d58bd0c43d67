import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Digest } from "#canon/digest.ts";
import { blobOf, packManifest, referrerManifest } from "#layout/oci.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { same, type Change, type Edit } from "../change.ts";
import { changed } from "../event-edits.ts";
import { packFiles, releasePlan, time } from "../release.ts";
import { people, type Name } from "../people.ts";
import { digest, omit, signed, statementOf, type Members, type Signing } from "../signed-file.ts";
import { revocations, type Root } from "../site-trust.ts";
import { allowed, tampered, type More, type TamperedCase } from "../tampered-case.ts";

const ATTESTED = "pack.attestation.sigstore.json";
const SBOM = "pack.sbom.cdx.json";
const SBOM_ATTESTED = `${SBOM}.sigstore.json`;
const PUBLISHER: Name = "guard";

const image = packManifest(
  { ...releasePlan.pack, packDigest: releasePlan.pack.digest as Digest, listing: packFiles as unknown as FileEntry[] },
  sha256,
);
const file = { type: "file", name: "pack.yaml", "bom-ref": "file:pack.yaml", hashes: hashOf(packFiles[0]?.["sha256"]) };
const goodSbom: Members = {
  $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  serialNumber: "urn:uuid:00000000-0000-8000-8000-000000000000",
  metadata: {
    component: {
      type: "application",
      name: releasePlan.pack.name,
      version: releasePlan.pack.version,
      "bom-ref": "pack",
      properties: [{ name: "packrun:packDigest", value: releasePlan.pack.digest }],
    },
  },
  components: [file],
  dependencies: [{ ref: "pack" }],
};

function hashOf(content: unknown): readonly Members[] {
  return [{ alg: "SHA-256", content }];
}

type Origin = {
  readonly subject?: string;
  readonly claim?: Edit<Members>;
  readonly claimSigning?: Signing;
  readonly sbom?: Edit<Members>;
  /** What is attested in place of the SBOM. */
  readonly attested?: Edit<Members>;
  readonly sbomSigning?: Signing;
  readonly without?: readonly string[];
  readonly more?: Readonly<Record<string, string>>;
};

/** What a publisher signed of the original's pack, as the evidence of a run from the registry carries it. */
function origin(how: Origin = {}): Change {
  const subjects = [{ name: "acme/release@1.2.0", digest: how.subject ?? image.digest }];
  const sbom = (how.sbom ?? same)(goodSbom);
  const bytes = canonicalBytes(sbom);
  const bom: Signing = {
    statement: (statement) => ({ ...statement, predicateType: "https://cyclonedx.org/bom" }),
    ...how.sbomSigning,
  };
  const inventory = signed(statementOf("bom", subjects, (how.attested ?? same)(sbom)), PUBLISHER, bom).sidecar;
  const referrers = [
    referrerManifest("sbom", image, [blobOf(bytes, sha256)], sha256),
    referrerManifest("sbom-attestation", image, [blobOf(inventory, sha256)], sha256),
  ].map(({ digest: named, artifactType }) => ({ digest: named, artifactType }));
  const { name, version, digest: packDigest } = releasePlan.pack;
  const claim = { name, version, packDigest, trustDomain: "acme-prod", referrers, createdAt: time(0) };
  const published = signed(
    statementOf("pack-bundle/v1", subjects, (how.claim ?? same)(claim)),
    PUBLISHER,
    how.claimSigning,
  ).sidecar;
  return {
    files: (files) => {
      files.set(ATTESTED, published);
      files.set(SBOM, Buffer.from(bytes));
      files.set(SBOM_ATTESTED, inventory);
      Object.entries(how.more ?? {}).forEach(([path, text]) => files.set(path, Buffer.from(text)));
      how.without?.forEach((path) => files.delete(path));
    },
  };
}

const registered = changed("run.created", undefined, { packSource: "registry" });
const publisher = (more: Members = {}): More => ({
  root: (root: Root) => ({
    ...root,
    roles: { ...root.roles, "pack-publisher": { keyids: [people[PUBLISHER].keyid], threshold: 1, ...more } },
  }),
});
const PACK = (code: string): string => `pack-attestation ${code}`;
const BOM = (code: string): string => `sbom ${code}`;
const from = (name: string, findings: string | readonly string[], how: Origin, more: More = publisher()) =>
  tampered(`origin/${name}`, findings, origin(how), more);
const member =
  (name: string, value: unknown): Edit<Members> =>
  (found) => ({ ...found, [name]: value });
const withList: Change = {
  files: (files) => {
    origin().files?.(files);
    revocations([]).forEach((bytes, path) => files.set(path, bytes));
  },
};
const strict: More = { ...publisher(), args: ["--require-dsse"] };

export const originCases: readonly TamperedCase[] = [
  allowed("allowed/pack-of-a-publisher", origin(), publisher({ packs: ["acme/*"] })),
  allowed("allowed/everything-signed", { ...registered, ...withList }, strict),
  allowed(
    "allowed/sbom-attested-by-an-older-statement",
    {
      ...origin({
        sbomSigning: {
          statement: (statement) => ({
            ...statement,
            _type: "https://in-toto.io/Statement/v0.1",
            predicateType: "https://cyclonedx.org/bom",
          }),
        },
      }),
    },
    publisher(),
  ),
  allowed("allowed/registry-without-attestation", registered),
  tampered(
    "origin/registry-without-attestation",
    [PACK("SIGNATURE_ABSENT"), BOM("SIGNATURE_ABSENT"), "revocation SIGNATURE_ABSENT"],
    registered,
    strict,
  ),
  tampered("origin/nobody-publishes", [PACK("ROLE_NOT_HELD"), BOM("ROLE_NOT_HELD")], origin()),
  from("publisher-of-other-packs", [PACK("ROLE_SCOPE"), BOM("ROLE_SCOPE")], {}, publisher({ packs: ["other/*"] })),
  from("attested-by-stranger", PACK("SIGNATURE_KEY_UNKNOWN"), { claimSigning: { signer: "stranger" } }),
  from("another-image", [PACK("STATEMENT_SUBJECT"), BOM("STATEMENT_SUBJECT")], { subject: digest("another image") }),
  from("claim-of-another-name", PACK("PACK_CLAIM_MISMATCH"), { claim: member("name", "acme/other") }),
  from("claim-of-another-version", PACK("PACK_CLAIM_MISMATCH"), { claim: member("version", "1.2.1") }),
  from("claim-of-another-digest", PACK("PACK_CLAIM_MISMATCH"), { claim: member("packDigest", digest("another pack")) }),
  from("claim-for-another-domain", PACK("PACK_CLAIM_MISMATCH"), { claim: member("trustDomain", "acme-test") }),
  from("claim-without-referrers", PACK("STATEMENT_SHAPE"), { claim: (claim) => omit(claim, "referrers") }),
  from("no-listing", [PACK("PACK_LISTING_INVALID"), BOM("PACK_LISTING_INVALID"), "pack PACK_MISMATCH"], {
    more: { "pack.manifest.json": "[]" },
  }),
  from("sbom-of-another-form", BOM("PACK_SBOM_INVALID"), { sbom: member("metadata", {}) }),
  from("sbom-of-another-version", BOM("PACK_SBOM_MISMATCH"), {
    sbom: (sbom) => {
      const { component } = sbom["metadata"] as { readonly component: Members };
      return { ...sbom, metadata: { component: { ...component, version: "1.2.1" } } };
    },
  }),
  from("sbom-with-another-digest", BOM("PACK_SBOM_MISMATCH"), {
    sbom: member("components", [{ ...file, hashes: hashOf("0".repeat(64)) }]),
  }),
  from("sbom-with-a-file-more", BOM("PACK_SBOM_MISMATCH"), {
    sbom: member("components", [file, { ...file, name: "run.sh", "bom-ref": "file:run.sh" }]),
  }),
  from("sbom-with-a-file-twice", BOM("PACK_SBOM_MISMATCH"), { sbom: member("components", [file, file]) }),
  from("sbom-that-was-not-put-in", BOM("PACK_REFERRERS_MISMATCH"), { claim: member("referrers", []) }),
  from("sbom-attestation-that-was-not-put-in", BOM("PACK_REFERRERS_MISMATCH"), {
    claim: (claim) => ({ ...claim, referrers: (claim["referrers"] as readonly Members[]).slice(0, 1) }),
  }),
  from("another-sbom-attested", BOM("PACK_SBOM_UNATTESTED"), {
    attested: member("serialNumber", "urn:uuid:00000000-0000-8000-8000-000000000001"),
  }),
  from("sbom-attested-by-stranger", BOM("SIGNATURE_KEY_UNKNOWN"), { sbomSigning: { signer: "stranger" } }),
  from("sbom-taken-out", BOM("EVIDENCE_FILE_MISSING"), { without: [SBOM] }),
];
