import { canonicalBytes } from "#canon/canonical-json.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { trustCodes } from "./codes.ts";
import { checkRollback } from "./freshness.ts";
import { checkNextRoot, type RootTools } from "./next-root.ts";
import type { TrustRoot } from "./trust-root.ts";

/** A version of a trust root as it lies somewhere: its exact bytes, and the sidecars beside it. */
export type RootVersion = { readonly bytes: Uint8Array; readonly sidecars: readonly Uint8Array[] };

/** The way from the last root that was used to the present one: the versions between them, and the sidecars of that one. */
export type RootSteps = { readonly between: readonly RootVersion[]; readonly sidecars: readonly Uint8Array[] };

/**
 * Whether a root may take the place of the last one that was used of its trust domain: it is that one, or it follows it
 * version by version, and enough root keys consent to each. Faults: TRUST_ROOT_ROLLBACK, TRUST_ROOT_FORKED, those of
 * `checkNextRoot`.
 */
export async function followRoot(
  last: TrustRoot,
  root: TrustRoot,
  { between, sidecars }: RootSteps,
  tools: RootTools,
): Promise<Result<void>> {
  const admitted = checkRollback(root, last);
  const { trustDomain, version } = root.document;
  if (!admitted.ok || root.digest === last.digest) {
    return admitted;
  }
  if (version === last.document.version) {
    return fail(faultOf(trustCodes, "TRUST_ROOT_FORKED", { trustDomain, version }));
  }
  let before = last;
  for (const step of [...between, { bytes: canonicalBytes(root.document), sidecars }]) {
    const next = await checkNextRoot(before, step.bytes, step.sidecars, tools);
    if (!next.ok) {
      return next.fault.code === "TRUST_ROOT_THRESHOLD" && step.sidecars !== sidecars
        ? fail({ ...next.fault, hint: keptHint(before.document.version + 1, next.fault) })
        : next;
    }
    before = next.value;
  }
  return ok(undefined);
}

/** A version that was edited on before it was signed lies beside the present one, and is signed there. */
function keptHint(version: number, { hint = "" }: Fault): string {
  return hint.includes("--trust")
    ? hint
    : `each version in between is signed by itself: packrun trust sign --trust ${version}.trust-root.json --key KEY`;
}
