import { toHex } from "#canon/bytes.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Sha256 } from "#canon/digest.ts";
import { describeMisfit, misfitsOf } from "#canon/shape.ts";
import type { PackContent } from "#layout/pack-content.ts";
import { DIGEST_PROPERTY, PACK_REF, sbomShape, TOOL_PROPERTY, type PackSbom } from "#layout/pack-sbom.ts";
import type { PackTool } from "#layout/pack-tools.ts";

/** The SBOM of a pack and its canonical bytes: no time, and a serial number that is made of the pack digest. */
export async function makeSbom(
  { name, version, packDigest, listing }: PackContent,
  tools: readonly PackTool[],
  sha256: Sha256,
): Promise<{ readonly document: PackSbom; readonly bytes: Uint8Array }> {
  // Loaded here: the library costs 50 ms, and only who makes a bundle needs it.
  const { Enums, Models, Serialize, Spec } = await import("@cyclonedx/cyclonedx-library");
  const described = new Models.Component(Enums.ComponentType.Application, name, {
    bomRef: PACK_REF,
    version,
    properties: new Models.PropertyRepository([new Models.Property(DIGEST_PROPERTY, packDigest)]),
  });
  const inside = new Map(tools.filter(({ inPack }) => inPack).map((tool) => [tool.name, tool]));
  const asTool = (tool: PackTool | undefined) =>
    tool === undefined
      ? {}
      : {
          scope: Enums.ComponentScope.Required,
          properties: new Models.PropertyRepository(tool.uses.map((use) => new Models.Property(TOOL_PROPERTY, use))),
        };
  const bom = new Models.Bom({
    serialNumber: serialNumberOf(canonicalBytes({ name, packDigest, version }), sha256),
    metadata: new Models.Metadata({ component: described }),
    components: new Models.ComponentRepository([
      ...listing.map(
        (file) =>
          new Models.Component(Enums.ComponentType.File, file.path, {
            bomRef: `file:${file.path}`,
            hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], file.sha256]]),
            ...asTool(inside.get(file.path)),
          }),
      ),
      ...tools
        .filter(({ inPack }) => !inPack)
        .map(
          (tool) =>
            new Models.Component(Enums.ComponentType.Application, tool.name, {
              bomRef: `tool:${tool.name}`,
              ...asTool(tool),
            }),
        ),
    ]),
  });
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  const document: unknown = JSON.parse(serializer.serialize(bom, { sortLists: false }));
  const [misfit] = misfitsOf(sbomShape, document);
  if (misfit !== undefined) {
    throw new Error(`the SBOM library writes another form: ${describeMisfit(misfit)}`);
  }
  return { document: document as PackSbom, bytes: canonicalBytes(document) };
}

/** A UUID of version 8 (RFC 9562, section 5.8: bits of the maker's choice) from the SHA-256 of what is described. */
function serialNumberOf(described: Uint8Array, sha256: Sha256): string {
  const hex = toHex(sha256(described));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, variant + hex.slice(17, 20)];
  return `urn:uuid:${[...groups, hex.slice(20, 32)].join("-")}`;
}
