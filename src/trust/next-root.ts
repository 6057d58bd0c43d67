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
    const consents = await consentsTo(next.value, judge, sidecars, tools);
    const have = principalsOf(consents.filter(({ window }) => window.ok)).size;
    const required = judge.document.roles["root"]?.threshold ?? Number.POSITIVE_INFINITY;
    if (have < required) {
      const data = { version, judge: judge.document.version, have, required };
      return fail(faultOf(trustCodes, "TRUST_ROOT_THRESHOLD", data, lateHint(consents, required)));
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
  return principalsOf((await consentsTo(root, judge, sidecars, tools)).filter(({ window }) => window.ok));
}

/** A good signature of a root key, and whether it was in its window. */
type Consent = { readonly principal: string; readonly window: Result<void> };

function principalsOf(consents: readonly Consent[]): ReadonlySet<string> {
  return new Set(consents.map(({ principal }) => principal));
}

/** Whoever comes after the window of the old keys has to hear that it is not signatures that are missing. */
function lateHint(consents: readonly Consent[], required: number): { readonly hint?: string } {
  const late = consents.map(({ window }) => window).find((window) => !window.ok);
  return late === undefined || late.ok || principalsOf(consents).size < required
    ? {}
    : {
        hint: `it is signed, but ${late.fault.message}; where it came by a way that you trust, name it with --trust once`,
      };
}

async function consentsTo(
  root: TrustRoot,
  judge: TrustRoot,
  sidecars: readonly Uint8Array[],
  tools: RootTools,
): Promise<readonly Consent[]> {
  const consents = await Promise.all(sidecars.map((sidecar) => consentOf(sidecar, judge, root, tools)));
  return consents.filter((consent) => consent !== undefined);
}

async function consentOf(
  sidecar: Uint8Array,
  judge: TrustRoot,
  root: TrustRoot,
  tools: RootTools,
): Promise<Consent | undefined> {
  const envelope = readSidecar(sidecar, "own");
  const signer = envelope.ok ? await findSigner(envelope.value, judge, ["root"], tools.verifySignature) : envelope;
  const statement = envelope.ok ? readStatement(envelope.value.payload, trustRootPredicate) : envelope;
  if (!signer.ok || !statement.ok) {
    return undefined;
  }
  const { trustDomain, version } = statement.value.predicate;
  const holds =
    standingOf(judge, signer.value.key.keyid, ["root"], {}).kind === "held" &&
    checkSubject(statement.value, root.digest).ok &&
    trustDomain === root.document.trustDomain &&
    version === root.document.version;
  return holds ? { principal: signer.value.principal, window: checkKeyWindow(signer.value, tools.at) } : undefined;
}
