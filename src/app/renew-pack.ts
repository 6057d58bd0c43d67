import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readDocument, type BundleLayout } from "#bundle/read-layout.ts";
import type { Sha256 } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { ok, type Result } from "#fault/result.ts";
import { openPackBundle } from "./pack-bundle-file.ts";
import type { PinnedPackVerdict } from "./pack-bundle-verify.ts";
import type { RegistryEntry } from "./pack-registry.ts";
import { renewBundle, renewVerdict, withEntryLock } from "./renew-entry.ts";

/** Verifies the bundle at a path as the import does. */
export type Judge = (path: string) => Promise<Result<PinnedPackVerdict>>;

/**
 * Puts the staged bundle, which was verified, in the place of the one that the registry has of the very pack, and says whether
 * it did: of the same bytes the verdict alone is new, and one that verifies and has a later revocation list stays. Throws what
 * the file system throws. Faults: those of `judge`.
 */
export function renewPack(
  staged: RegistryEntry,
  entry: RegistryEntry,
  layout: BundleLayout,
  judge: Judge,
  sha256: Sha256,
): Promise<Result<boolean>> {
  return withEntryLock(entry, async () => {
    if ((await fileDigest(staged.bundle)) === (await fileDigest(entry.bundle))) {
      await renewVerdict(staged, entry);
      return ok(false);
    }
    const standing = await judge(entry.bundle);
    if (!standing.ok) {
      return standing;
    }
    const { verdict, layout: old } = standing.value;
    const sequence = await listSequence(staged.bundle, layout, sha256);
    // What a list revoked that is believed here must not be valid again because an earlier bundle turns up.
    if (
      verdict.verdict === "verified" &&
      old !== undefined &&
      (await listSequence(entry.bundle, old, sha256)) > sequence
    ) {
      return ok(false);
    }
    await renewBundle(staged, entry);
    return ok(true);
  });
}

/** The sequence of the revocation list in a bundle that was verified. */
async function listSequence(path: string, { referrers, entries }: BundleLayout, sha256: Sha256): Promise<number> {
  const [blob] = referrers.get("revocations")?.files ?? [];
  const opened = await openPackBundle(path);
  if (!opened.ok || blob === undefined) {
    throw new Error(`${path} changed after it was verified`);
  }
  await using bundle = opened.value;
  const bytes = await readDocument(bundle.source, entries, blob, sha256);
  const list = bytes.ok ? readCanonicalJson(bytes.value, path) : bytes;
  const sequence = list.ok && isJsonObject(list.value) ? list.value["sequence"] : undefined;
  if (typeof sequence !== "number") {
    throw new Error(`${path} changed after it was verified`);
  }
  return sequence;
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Uint8Array);
  }
  return hash.digest("hex");
}
