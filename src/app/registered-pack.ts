import { existsSync } from "node:fs";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import { verifyPackPinned, type PinnedPackVerdict } from "./pack-bundle-verify.ts";
import type { PlannedPack } from "./plan-pack.ts";
import { registryEntry, type PackReference } from "./pack-registry.ts";
import type { Settings } from "./settings.ts";
import type { VerifyTools } from "./verify-evidence.ts";

/** A version of the registry that was verified just now. */
export type RegisteredPack = PackReference & {
  /** The files of the pack. */
  readonly folder: string;
  readonly packDigest: string;
  /** The publisher's attestation, for the evidence of runs. */
  readonly attestation: Uint8Array;
};

/**
 * Opens a version of the registry. Its bundle is verified again, against what is trusted and revoked now. Faults:
 * REGISTRY_UNKNOWN, REGISTRY_REFUSED, REGISTRY_STALE, and those of `verifyPackPinned`.
 */
export async function openRegistered(
  reference: PackReference,
  registry: string,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<RegisteredPack>> {
  const entry = registryEntry(registry, reference);
  const pack = `${reference.name}@${reference.version}`;
  if (!existsSync(entry.bundle)) {
    return fail(faultOf(packBundleUseCodes, "REGISTRY_UNKNOWN", { pack }));
  }
  const found = await verifyPackPinned({ path: entry.bundle }, settings, tools);
  if (!found.ok) {
    return found;
  }
  const { verdict, attestation } = found.value;
  const { name, version, packDigest } = verdict.subject;
  if (verdict.verdict !== "verified" || attestation === undefined || packDigest === undefined) {
    return refusedFor(pack, found.value);
  }
  return name === reference.name && version === reference.version
    ? ok({ ...reference, folder: entry.pack, packDigest, attestation })
    : fail(faultOf(packBundleUseCodes, "REGISTRY_CHANGED", { pack }));
}

/** Whether what was planned is what the publisher signed. Fault: REGISTRY_CHANGED. */
export function checkUnchanged({ compiled }: PlannedPack, { name, version, packDigest }: RegisteredPack): Result<void> {
  const { pack } = compiled.plan;
  return pack.digest === packDigest
    ? ok(undefined)
    : fail(faultOf(packBundleUseCodes, "REGISTRY_CHANGED", { pack: `${name}@${version}` }));
}

function refusedFor(pack: string, { verdict }: PinnedPackVerdict): Result<never> {
  const wanted = verdict.verdict === "stale" ? "stale" : "fail";
  const check = verdict.checks.find(({ status }) => status === wanted);
  const problem = check !== undefined && "code" in check ? `${check.code}: ${check.why}` : "a check was not made";
  const code = wanted === "stale" ? "REGISTRY_STALE" : "REGISTRY_REFUSED";
  return fail(faultOf(packBundleUseCodes, code, { pack, problem }));
}
