import { digestOfHex, hexOf, type Digest } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { artifactPath, mediaTypeOf } from "#evidence/evidence-path.ts";
import { treesOf } from "#evidence/run-facts.ts";
import { faultOf } from "#fault/code-table.ts";
import type { FoldedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";

/**
 * The files and directories that steps gave were captured by them. The artifacts of the bundle are those that the ledger
 * names, and the files of the trees among them: none missing, none besides. Their bytes are held to the manifest by another check, the manifest's names to the bytes here.
 */
export async function checkArtifacts(given: FoldedCase): Promise<void> {
  const { checks, manifest, ledger, plan } = given;
  const wrong = (digest: string, problem: string): void =>
    checks.fail("artifacts", faultOf(verifyCodes, "ARTIFACT_MISMATCH", { digest, problem }));
  ledger.outputs.uncaptured.forEach(({ digest, problem }) => wrong(digest, problem));
  const trees = treesOf(ledger.facts, plan);
  const named = new Map<Digest, number | undefined>();
  const mediaTypes = new Map<Digest, string>();
  for (const { digest, size, mediaType } of ledger.facts.artifacts) {
    named.set(digest, trees.has(digest) ? undefined : size);
    if (mediaType !== undefined && !mediaTypes.has(digest)) {
      mediaTypes.set(digest, mediaType);
    }
  }
  for (const digest of trees) {
    if (named.has(digest)) {
      await addTree(given, digest, named, wrong);
    }
  }
  let count = 0;
  for (const { path, sha256: hex, size, role, mediaType } of manifest.hashes) {
    if (role === "artifact") {
      const digest = digestOfHex(hex);
      const expected = named.get(digest);
      count += 1;
      if (path !== artifactPath(hex)) {
        wrong(digest, `it is stored as ${path}`);
      } else if (!named.has(digest)) {
        wrong(digest, "nothing in the ledger names it");
      } else if ((expected ?? size) !== size || mediaType !== mediaTypeOf(path, mediaTypes.get(digest))) {
        wrong(digest, "the manifest describes it in another way than the ledger");
      }
      named.delete(digest);
    }
  }
  for (const digest of named.keys()) {
    wrong(digest, "it is missing");
  }
  checks.pass("artifacts", `${count} artifacts, each named by the ledger`);
}

type Wrong = (digest: string, problem: string) => void;

async function addTree(
  { reader }: FoldedCase,
  tree: Digest,
  named: Map<Digest, number | undefined>,
  wrong: Wrong,
): Promise<void> {
  const bytes = await reader.document(artifactPath(hexOf(tree)));
  const read = bytes.ok ? readCanonicalJson(bytes.value, "listing") : bytes;
  if (!read.ok || !Array.isArray(read.value)) {
    wrong(tree, "its listing cannot be read");
    return;
  }
  for (const entry of read.value as readonly unknown[]) {
    if (!isJsonObject(entry) || (entry["mode"] !== "link" && !isFileEntry(entry))) {
      wrong(tree, "its listing has an entry of another form");
      return;
    }
    if (isFileEntry(entry)) {
      named.set(digestOfHex(entry.sha256), entry.size);
    }
  }
}

function isFileEntry(
  entry: Readonly<Record<string, unknown>>,
): entry is { readonly path: string; readonly sha256: string; readonly size: number } {
  const { path, sha256, size, mode } = entry;
  const isFile = mode === "644" || mode === "755";
  return isFile && typeof path === "string" && typeof size === "number" && /^[0-9a-f]{64}$/.test(String(sha256));
}
