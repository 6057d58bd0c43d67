import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Sha256 } from "#canon/digest.ts";
import { toHex } from "#canon/bytes.ts";
import { array, describeMisfit, literal, misfitsOf, object, string, type Infer } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import type { Predicate } from "#attest/statement.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { packBundleCodes } from "./codes.ts";
import type { PackContent } from "./pack-content.ts";

const text = string({ min: 1 });
const PACK_REF = "pack";
const DIGEST_PROPERTY = "packrun:packDigest";

/** CycloneDX 1.6, as packrun writes it of a pack: each file with its SHA-256, closed at every level. */
const sbomShape = object({
  $schema: literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
  bomFormat: literal("CycloneDX"),
  specVersion: literal("1.6"),
  version: literal(1),
  serialNumber: string({ pattern: /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ }),
  metadata: object({
    component: object({
      type: literal("application"),
      name: text,
      version: text,
      "bom-ref": literal(PACK_REF),
      properties: array(object({ name: literal(DIGEST_PROPERTY), value: text }), { min: 1, max: 1 }),
    }),
  }),
  components: array(
    object({
      type: literal("file"),
      name: text,
      "bom-ref": text,
      hashes: array(object({ alg: literal("SHA-256"), content: text }), { min: 1, max: 1 }),
    }),
    { min: 1 },
  ),
  dependencies: array(object({ ref: text })),
});
export type PackSbom = Infer<typeof sbomShape>;

/** The predicate that other tools know SBOMs by; its value is the document itself. */
export const sbomPredicate: Predicate<PackSbom> = {
  type: "https://cyclonedx.org/bom",
  shape: sbomShape,
  maxSubjects: 1,
};

/** The SBOM of a pack and its canonical bytes: no time, and a serial number that is made of the pack digest. */
export async function makeSbom(
  { name, version, packDigest, listing }: PackContent,
  sha256: Sha256,
): Promise<{ readonly document: PackSbom; readonly bytes: Uint8Array }> {
  // Loaded here: the library costs 50 ms, and only who makes a bundle needs it.
  const { Enums, Models, Serialize, Spec } = await import("@cyclonedx/cyclonedx-library");
  const described = new Models.Component(Enums.ComponentType.Application, name, {
    bomRef: PACK_REF,
    version,
    properties: new Models.PropertyRepository([new Models.Property(DIGEST_PROPERTY, packDigest)]),
  });
  const bom = new Models.Bom({
    serialNumber: serialNumberOf(canonicalBytes({ name, packDigest, version }), sha256),
    metadata: new Models.Metadata({ component: described }),
    components: new Models.ComponentRepository(
      listing.map(
        (file) =>
          new Models.Component(Enums.ComponentType.File, file.path, {
            bomRef: `file:${file.path}`,
            hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], file.sha256]]),
          }),
      ),
    ),
  });
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  const document: unknown = JSON.parse(serializer.serialize(bom, { sortLists: false }));
  const [misfit] = misfitsOf(sbomShape, document);
  if (misfit !== undefined) {
    throw new Error(`the SBOM library writes another form: ${describeMisfit(misfit)}`);
  }
  return { document: document as PackSbom, bytes: canonicalBytes(document) };
}

/** Fault: PACK_SBOM_INVALID. */
export function readSbom(bytes: Uint8Array): Result<PackSbom> {
  const read = readCanonicalJson(bytes, "SBOM");
  if (!read.ok) {
    return fail(faultOf(packBundleCodes, "PACK_SBOM_INVALID", { problem: read.fault.message }));
  }
  const [misfit] = misfitsOf(sbomShape, read.value);
  return misfit === undefined
    ? ok(read.value as PackSbom)
    : fail(faultOf(packBundleCodes, "PACK_SBOM_INVALID", { problem: describeMisfit(misfit) }));
}

/** Whether the SBOM names this pack, all of its files with their digests, and nothing else. Fault: PACK_SBOM_MISMATCH. */
export function checkSbom(sbom: PackSbom, { name, version, packDigest, listing }: PackContent): Result<void> {
  const { component } = sbom.metadata;
  const stated = component.properties[0]?.value;
  if (component.name !== name || component.version !== version || stated !== packDigest) {
    return mismatch("it is of another pack");
  }
  const left = new Map(listing.map((file) => [file.path, file.sha256]));
  for (const { name: path, hashes } of sbom.components) {
    const sha256 = left.get(path);
    if (sha256 === undefined) {
      return mismatch(`"${path}" is listed twice or is not in the pack`);
    }
    if (hashes[0]?.content !== sha256) {
      return mismatch(`"${path}" has another digest`);
    }
    left.delete(path);
  }
  const [missing] = left.keys();
  return missing === undefined ? ok(undefined) : mismatch(`"${missing}" is not listed`);
}

function mismatch(problem: string): Result<never> {
  return fail(faultOf(packBundleCodes, "PACK_SBOM_MISMATCH", { problem }));
}

/** A UUID of version 8 (RFC 9562, section 5.8: bits of the maker's choice) from the SHA-256 of what is described. */
function serialNumberOf(described: Uint8Array, sha256: Sha256): string {
  const hex = toHex(sha256(described));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, variant + hex.slice(17, 20)];
  return `urn:uuid:${[...groups, hex.slice(20, 32)].join("-")}`;
}
