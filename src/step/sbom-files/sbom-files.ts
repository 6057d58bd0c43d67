import { createHash } from "node:crypto";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { object, string, type Infer } from "#canon/shape.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BuiltIn, BuiltInRequest, Produced, TreeListing } from "../built-in.ts";
import { stepCodes } from "../codes.ts";
import { builtIn } from "../define-built-in.ts";
import { directoryReferenceShape, manifestPath, referenceOrPath } from "../reference.ts";
import { fileInventory } from "./file-inventory.ts";
import { readListing } from "../read-listing.ts";

const MEDIA_TYPE = "application/vnd.cyclonedx+json";

const withShape = object(
  { directory: referenceOrPath(directoryReferenceShape) },
  { name: string({ min: 1, max: 200 }), version: string({ min: 1, max: 200 }) },
);
type With = Infer<typeof withShape>;
type Tree = { readonly digest: Digest; readonly listing: TreeListing };

/** CycloneDX 1.6 of every file in a directory, with its SHA-256. `.` is the pack itself. */
export const sbomFiles: BuiltIn = builtIn({
  name: "sbom.files",
  withShape,
  packFiles: [],
  outputs: { sbom: { file: "sbom.cdx.json", mediaType: MEDIA_TYPE } },
  refusals: () => [],
  produce: inventory,
});

async function inventory(given: With, request: BuiltInRequest): Promise<Result<readonly Produced[]>> {
  const tree = await treeOf(given, request);
  if (!tree.ok) {
    return tree;
  }
  const { version } = given;
  const text = await fileInventory(
    { name: given.name ?? nameOf(given.directory), ...(version === undefined ? {} : { version }) },
    tree.value,
  );
  request.signal.throwIfAborted();
  const kept = await request.artifacts.put(request.tenantId, chunks(text));
  return kept.ok ? ok([{ name: "sbom", ...kept.value, mediaType: MEDIA_TYPE }]) : kept;
}

async function treeOf({ directory }: With, request: BuiltInRequest): Promise<Result<Tree>> {
  const missing = fail(faultOf(stepCodes, "SBOM_DIRECTORY_MISSING", { directory: nameOf(directory) }));
  if (typeof directory === "string") {
    const listing = below(manifestPath(directory), request.packListing);
    return listing.length === 0 ? missing : ok({ digest: digestOf(canonicalBytes(listing), sha256), listing });
  }
  if (!(await request.artifacts.has(request.tenantId, directory.digest))) {
    return missing;
  }
  const listing = await readListing(request.artifacts.open(request.tenantId, directory.digest), nameOf(directory));
  return listing.ok ? ok({ digest: directory.digest, listing: listing.value }) : listing;
}

/** The part of a listing below a folder, with paths from there. */
function below(folder: string, listing: TreeListing): TreeListing {
  const prefix = folder === "" ? "" : `${folder}/`;
  return listing
    .filter((entry) => entry.path.startsWith(prefix))
    .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
}

function nameOf(directory: With["directory"]): string {
  if (typeof directory !== "string") {
    return directory.name ?? "directory";
  }
  const path = manifestPath(directory);
  return path === "" ? "pack" : path.slice(path.lastIndexOf("/") + 1);
}

/** One piece per MiB or so: a store takes bytes as they come. */
async function* chunks(text: string): AsyncIterable<Uint8Array> {
  const size = 1024 * 1024;
  for (let at = 0; at < text.length;) {
    // A surrogate pair is not cut in two.
    const end = at + size + Number((text.codePointAt(at + size - 1) ?? 0) > 0xff_ff);
    yield encodeUtf8(text.slice(at, end));
    at = end;
  }
}

const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();
