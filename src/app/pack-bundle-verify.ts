import type { VerifiedBundle } from "#bundle/verify-pack-bundle.ts";
import { ok, type Result } from "#fault/result.ts";
import { exitCodeOf, type PackVerdict } from "#verify/verdict.ts";
import { pinnedLists, pinnedRoot, type Anchor } from "./pinned-verification.ts";
import type { Settings } from "./settings.ts";
import type { VerifyTools } from "./verify-evidence.ts";
import type { VerifyWords } from "./verify-options.ts";
import { verifyPack } from "./verify-pack.ts";

export type PackVerifyRequest = VerifyWords & {
  readonly path: string;
  /** A list in place of the one that belongs to the root. */
  readonly revocations?: string;
};

export type PinnedPackVerdict = Omit<VerifiedBundle, "verdict"> & {
  readonly verdict: PackVerdict;
  readonly anchor: Anchor;
  readonly exitCode: number;
};

/**
 * Verifies a pack bundle against the configured trust root and its revocation list, else against the development ones. Faults
 * are wrong uses only: PACK_BUNDLE_NOT_FOUND, VERIFY_OPTION, and those of `pinnedRoot` and `pinnedLists`; what is wrong with
 * the bundle is in the verdict.
 */
export async function verifyPackPinned(
  request: PackVerifyRequest,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<PinnedPackVerdict>> {
  const root = await pinnedRoot(settings, tools);
  if (!root.ok) {
    return root;
  }
  const lists = await pinnedLists(request.revocations, root.value.root, settings, tools);
  if (!lists.ok) {
    return lists;
  }
  const { revocations: _, ...rest } = request;
  const verified = await verifyPack(
    {
      ...rest,
      ...(root.value.bytes === undefined ? {} : { trustRoot: root.value.bytes }),
      ...(lists.value === undefined ? {} : { revocations: lists.value }),
    },
    tools,
  );
  return verified.ok
    ? ok({ ...verified.value, anchor: root.value.anchor, exitCode: exitCodeOf(verified.value.verdict) })
    : verified;
}
