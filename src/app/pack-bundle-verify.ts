import type { VerifiedBundle } from "#bundle/verify-pack-bundle.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Objections } from "#verify/objections.ts";
import { exitCodeOf, type PackVerdict } from "#verify/verdict.ts";
import type { OpenPackBundle } from "./pack-bundle-file.ts";
import { pinnedTrust, type Anchor } from "./pinned-trust.ts";
import type { Settings } from "./settings.ts";
import type { VerifyTools } from "./verify-evidence.ts";
import type { VerifyWords } from "./verify-options.ts";
import { verifyPack } from "./verify-pack.ts";

export type PackVerifyRequest = VerifyWords & {
  readonly path: string;
  /** What lies there, when it is open already; it stays open. */
  readonly bundle?: OpenPackBundle;
  /** A list in place of the one that belongs to the root. */
  readonly revocations?: string;
};

export type PinnedPackVerdict = Omit<VerifiedBundle, "verdict"> & {
  readonly verdict: PackVerdict;
  readonly anchor: Anchor;
  /** What the memory of this place has against root and list; the verdict says it, too. */
  readonly objections: Objections;
  readonly exitCode: number;
};

/**
 * Verifies a pack bundle against the configured trust root and its revocation list, else against the development ones. Faults
 * are wrong uses only: PACK_BUNDLE_NOT_FOUND, VERIFY_OPTION, and those of `pinnedTrust`; what is wrong with the bundle, or
 * with root and list, is in the verdict.
 */
export async function verifyPackPinned(
  request: PackVerifyRequest,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<PinnedPackVerdict>> {
  const { revocations, ...rest } = request;
  const trust = await pinnedTrust(revocations, settings, tools);
  if (!trust.ok) {
    return trust;
  }
  const { anchor, held } = trust.value;
  const verified = await verifyPack({ ...rest, ...held }, tools);
  return verified.ok
    ? ok({ ...verified.value, anchor, objections: held.objections ?? {}, exitCode: exitCodeOf(verified.value.verdict) })
    : verified;
}
