import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { isEarlierVersion } from "./pack-version.ts";
import { revocationCodes } from "./revocation-codes.ts";
import type { TrustRoot } from "./trust-root.ts";

/** Whether the root's `policy.minVersion` takes this version of a pack. Fault: PACK_BELOW_MINIMUM. */
export function checkPackVersion(
  root: TrustRoot,
  { name, version }: { readonly name: string; readonly version: string },
): Result<void> {
  const { minVersion = {} } = root.document.policy ?? {};
  const least = Object.hasOwn(minVersion, name) ? minVersion[name] : undefined;
  return least !== undefined && isEarlierVersion(version, least)
    ? fail(faultOf(revocationCodes, "PACK_BELOW_MINIMUM", { name, version, least }))
    : ok(undefined);
}
