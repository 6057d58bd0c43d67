import { createHash } from "node:crypto";
import type { PackVerdict } from "#bundle/pack-verdict.ts";
import { verifyPackBundle, type VerifiedBundle } from "#bundle/verify-pack-bundle.ts";
import { millisecondsOf, timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { verifyCodes } from "#verify/codes.ts";
import { exitCodeOf } from "#verify/verdict.ts";
import { openPackBundle } from "./pack-bundle-file.ts";
import { pinnedLists, pinnedRoot, type Anchor } from "./pinned-verification.ts";
import type { Settings } from "./settings.ts";
import { readRevocationFiles, type VerifyTools } from "./verify-evidence.ts";

export type PackVerifyRequest = {
  readonly path: string;
  /** A list in place of the one that belongs to the root. */
  readonly revocations?: string;
  /** Time of verification, RFC 3339 with milliseconds; `now` without it. */
  readonly at?: string;
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
  const at = request.at === undefined ? tools.now() : millisecondsOf(request.at);
  if (at === undefined) {
    const data = { option: "--at", expected: "a UTC time with milliseconds, as 2026-01-05T08:00:00.000Z" };
    return fail(faultOf(verifyCodes, "VERIFY_OPTION", data));
  }
  const root = await pinnedRoot(settings, tools);
  if (!root.ok) {
    return root;
  }
  const lists = await pinnedLists(request.revocations, root.value.root, settings, tools);
  if (!lists.ok) {
    return lists;
  }
  const files = typeof lists.value === "string" ? await readRevocationFiles(lists.value) : ok(lists.value);
  if (!files.ok) {
    return files;
  }
  const opened = await openPackBundle(request.path);
  if (!opened.ok) {
    return opened;
  }
  await using bundle = opened.value;
  const options = {
    at: timestampOf(at),
    ...(root.value.bytes === undefined ? {} : { trustRoot: root.value.bytes }),
    ...(files.value === undefined ? {} : { revocations: files.value }),
  };
  const { sha256, verifySignature } = tools;
  const verified = await verifyPackBundle(bundle.source, options, { sha256, verifySignature, startHash });
  return ok({ ...verified, anchor: root.value.anchor, exitCode: exitCodeOf(verified.verdict) });
}

function startHash(): { readonly update: (bytes: Uint8Array) => void; readonly digest: () => Uint8Array } {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}
