import { verifyPackBundle, type VerifiedBundle } from "#bundle/verify-pack-bundle.ts";
import { ok, type Result } from "#fault/result.ts";
import type { RevocationFiles } from "#trust/check-revocations.ts";
import type { Objections } from "#verify/objections.ts";
import { openPackBundle, type OpenPackBundle } from "./pack-bundle-file.ts";
import { startNodeHash } from "./start-node-hash.ts";
import { readRevocationFiles, type VerifyTools } from "./verify-evidence.ts";
import { readVerifyWords, type VerifyWords } from "./verify-options.ts";

export type PackRequest = VerifyWords & {
  /** A tar, or a folder of the same layout. */
  readonly path: string;
  /** What lies there, when it is open already; it stays open. */
  readonly bundle?: OpenPackBundle;
  /** Bytes of the pinned trust root. */
  readonly trustRoot?: Uint8Array;
  /** The site's own revocation list: `--revocations FILE` with its sidecar beside it, or what was read of one already. */
  readonly revocations?: string | RevocationFiles;
  /** What the memory of this place has against root and list. */
  readonly objections?: Objections;
};

/**
 * Verifies the pack bundle at a path. Faults are wrong uses only (exit code 2): PACK_BUNDLE_NOT_FOUND, VERIFY_OPTION. What is
 * wrong with the bundle, or with the revocation list, is in the verdict.
 */
export async function verifyPack(
  request: PackRequest,
  { sha256, verifySignature, now }: VerifyTools,
): Promise<Result<VerifiedBundle>> {
  const { path, bundle, trustRoot, revocations, objections = {} } = request;
  const words = readVerifyWords(request, now);
  if (!words.ok) {
    return words;
  }
  const files = typeof revocations === "string" ? await readRevocationFiles(revocations) : ok(revocations);
  if (!files.ok) {
    return files;
  }
  const opened = bundle === undefined ? await openPackBundle(path) : ok(bundle);
  if (!opened.ok) {
    return opened;
  }
  await using _closing = bundle === undefined ? opened.value : undefined;
  const options = {
    ...words.value,
    objections,
    ...(trustRoot === undefined ? {} : { trustRoot }),
    ...(files.value === undefined ? {} : { revocations: files.value }),
  };
  return ok(
    await verifyPackBundle(opened.value.source, options, { sha256, verifySignature, startHash: startNodeHash }),
  );
}
