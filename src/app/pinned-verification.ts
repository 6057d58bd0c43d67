import { ok, type Result } from "#fault/result.ts";
import { exitCodeOf, type Verdict } from "#verify/verdict.ts";
import { pinnedTrust, type Anchor } from "./pinned-trust.ts";
import type { Settings } from "./settings.ts";
import { verifyEvidence, type VerifyRequest, type VerifyTools } from "./verify-evidence.ts";

export type PinnedVerdict = { readonly verdict: Verdict; readonly anchor: Anchor; readonly exitCode: number };

/** `revocations`: the path of a list in place of the one that belongs to the root. */
type PinnedRequest = Omit<VerifyRequest, "trustRoot" | "revocations" | "objections"> & {
  readonly revocations?: string;
};

/**
 * Verifies a bundle against the configured trust root and its revocation list, else against the development ones of the
 * state folder. A root or a list that is older than one used before from here fails its check, and so does a list that
 * vanished. Faults: those of `pinnedTrust` and of `verifyEvidence`.
 */
export async function verifyPinned(
  request: PinnedRequest,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<PinnedVerdict>> {
  const { revocations, ...rest } = request;
  const trust = await pinnedTrust(revocations, settings, tools);
  if (!trust.ok) {
    return trust;
  }
  const { anchor, held } = trust.value;
  const verdict = await verifyEvidence({ ...rest, ...held }, tools);
  return verdict.ok ? ok({ verdict: verdict.value, anchor, exitCode: exitCodeOf(verdict.value) }) : verdict;
}
