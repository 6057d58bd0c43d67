import { digestOfHex, hexOf, type Digest } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { artifactPath } from "#evidence/evidence-path.ts";
import { treesOf, type RunFacts } from "#evidence/run-facts.ts";
import type { Plan } from "#plan/plan.ts";
import type { BundleReader } from "./bundle-reader.ts";

/** The files of a directory that the ledger names, from its listing in the bundle. */
export type BundleTree = {
  readonly files: readonly { readonly digest: Digest; readonly size: number }[];
  /** Of all files together. */
  readonly size: number;
};

/** Every tree among the artifacts, or in words what is wrong with its listing. */
export async function readTrees(
  facts: RunFacts,
  plan: Plan,
  reader: BundleReader,
): Promise<ReadonlyMap<Digest, BundleTree | string>> {
  const trees = treesOf(facts, plan);
  const read = new Map<Digest, BundleTree | string>();
  for (const { digest } of facts.artifacts) {
    if (trees.has(digest) && !read.has(digest)) {
      read.set(digest, await readTree(reader, digest));
    }
  }
  return read;
}

async function readTree(reader: BundleReader, tree: Digest): Promise<BundleTree | string> {
  const bytes = await reader.document(artifactPath(hexOf(tree)));
  const listing = bytes.ok ? readCanonicalJson(bytes.value, "listing") : bytes;
  if (!listing.ok || !Array.isArray(listing.value)) {
    return "its listing cannot be read";
  }
  const files: { readonly digest: Digest; readonly size: number }[] = [];
  let total = 0;
  for (const entry of listing.value as readonly unknown[]) {
    if (!isJsonObject(entry) || (entry["mode"] !== "link" && !isFileEntry(entry))) {
      return "its listing has an entry of another form";
    }
    if (isFileEntry(entry)) {
      files.push({ digest: digestOfHex(entry.sha256), size: entry.size });
      total += entry.size;
    }
  }
  return { files, size: total };
}

function isFileEntry(
  entry: Readonly<Record<string, unknown>>,
): entry is { readonly path: string; readonly sha256: string; readonly size: number } {
  const { path, sha256, size, mode } = entry;
  const isFile = (mode === "644" || mode === "755") && typeof path === "string";
  return isFile && Number.isSafeInteger(size) && Number(size) >= 0 && /^[0-9a-f]{64}$/.test(String(sha256));
}
