import { readSidecar } from "#attest/read-sidecar.ts";
import { checkSubject, readStatement } from "#attest/read-statement.ts";
import { trustRootPredicate } from "#attest/root-claim.ts";
import type { VerifySignature } from "#attest/public-key.ts";
import type { Sha256 } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { trustCodes } from "./codes.ts";
import { findSigner } from "./find-signer.ts";
import { checkKeyWindow } from "./freshness.ts";
import { readTrustRoot } from "./read-trust-root.ts";
import { standingOf } from "./role.ts";
import type { TrustRoot } from "./trust-root.ts";

export type RootTools = { readonly verifySignature: VerifySignature; readonly sha256: Sha256; readonly at: Timestamp };

/**
 * Reads the next version of a trust root and checks that enough root keys consent: the threshold of the old version,
 * by its keys, and that of the new one, by its own. Faults: those of `readTrustRoot`, TRUST_ROOT_DOMAIN,
 * TRUST_ROOT_STEP, TRUST_ROOT_THRESHOLD.
 */
export async function checkNextRoot(
  old: TrustRoot,
  nextBytes: Uint8Array,
  sidecars: readonly Uint8Array[],
  tools: RootTools,
): Promise<Result<TrustRoot>> {
  const next = readTrustRoot(nextBytes, tools.sha256);
  if (!next.ok) {
    return next;
  }
  const { trustDomain, version } = next.value.document;
  if (trustDomain !== old.document.trustDomain) {
    return fail(faultOf(trustCodes, "TRUST_ROOT_DOMAIN", { expected: old.document.trustDomain, found: trustDomain }));
  }
  if (version !== old.document.version + 1) {
    return fail(faultOf(trustCodes, "TRUST_ROOT_STEP", { expected: old.document.version + 1, found: version }));
  }
  for (const judge of [old, next.value]) {
    const consenting = await consentingPrincipals(judge, next.value, sidecars, tools);
    const required = judge.document.roles["root"]?.threshold ?? Number.POSITIVE_INFINITY;
    if (consenting.size < required) {
      const have = consenting.size;
      return fail(
        faultOf(trustCodes, "TRUST_ROOT_THRESHOLD", { version, judge: judge.document.version, have, required }),
      );
    }
  }
  return next;
}

/**
 * The principals whose root keys, as `judge` knows them, signed `root`. A sidecar that does not hold counts for nothing,
 * so that nobody can block a step by adding one; a second key of the same principal adds nothing.
 */
export async function consentingPrincipals(
  judge: TrustRoot,
  root: TrustRoot,
  sidecars: readonly Uint8Array[],
  tools: RootTools,
): Promise<ReadonlySet<string>> {
  const principals = new Set<string>();
  for (const sidecar of sidecars) {
    const principal = await consentOf(sidecar, judge, root, tools);
    if (principal !== undefined) {
      principals.add(principal);
    }
  }
  return principals;
}

async function consentOf(
  sidecar: Uint8Array,
  judge: TrustRoot,
  root: TrustRoot,
  tools: RootTools,
): Promise<string | undefined> {
  const envelope = readSidecar(sidecar, "own");
  const signer = envelope.ok ? await findSigner(envelope.value, judge, ["root"], tools.verifySignature) : envelope;
  const statement = envelope.ok ? readStatement(envelope.value.payload, trustRootPredicate) : envelope;
  if (!signer.ok || !statement.ok) {
    return undefined;
  }
  const { trustDomain, version } = statement.value.predicate;
  const holds =
    standingOf(judge, signer.value.key.keyid, ["root"], {}).kind === "held" &&
    checkKeyWindow(signer.value, tools.at).ok &&
    checkSubject(statement.value, root.digest).ok &&
    trustDomain === root.document.trustDomain &&
    version === root.document.version;
  return holds ? signer.value.principal : undefined;
}
