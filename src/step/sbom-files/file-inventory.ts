import { createHash } from "node:crypto";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Digest } from "#canon/digest.ts";
import type { TreeListing } from "../built-in.ts";

type Subject = { readonly name: string; readonly version?: string };
type Tree = { readonly digest: Digest; readonly listing: TreeListing };

/**
 * The CycloneDX 1.6 document of a tree. The same subject and tree give the same bytes: components stand in the order of
 * the listing (by path bytes), there is no timestamp, and the serial number is made of the content.
 */
export async function fileInventory(subject: Subject, tree: Tree): Promise<string> {
  // Loaded here: the library costs 50 ms, and most runs make no inventory.
  const { Enums, Models, Serialize, Spec } = await import("@cyclonedx/cyclonedx-library");
  const file = (path: string, hash: string): InstanceType<typeof Models.Component> =>
    new Models.Component(Enums.ComponentType.File, path, {
      bomRef: `file:${path}`,
      hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], hash]]),
    });
  const link = (path: string, target: string): InstanceType<typeof Models.Component> =>
    new Models.Component(Enums.ComponentType.File, path, {
      bomRef: `file:${path}`,
      properties: new Models.PropertyRepository([new Models.Property("packrun:linkTarget", target)]),
    });
  const described = new Models.Component(Enums.ComponentType.File, subject.name, {
    bomRef: "directory",
    ...(subject.version === undefined ? {} : { version: subject.version }),
    properties: new Models.PropertyRepository([new Models.Property("packrun:treeDigest", tree.digest)]),
  });
  const bom = new Models.Bom({
    serialNumber: serialNumberOf(subject, tree.digest),
    metadata: new Models.Metadata({ component: described }),
    components: new Models.ComponentRepository(
      tree.listing.map((entry) =>
        entry.mode === "link" ? link(entry.path, entry.target) : file(entry.path, entry.sha256),
      ),
    ),
  });
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return serializer.serialize(bom, { sortLists: false });
}

/** A UUID of version 8 (RFC 9562, section 5.8: bits of the maker's choice) from the SHA-256 of what is described. */
function serialNumberOf(subject: Subject, digest: Digest): string {
  const hex = createHash("sha256")
    .update(canonicalBytes({ ...subject, digest }))
    .digest("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join("-")}`;
}
