import type { VerifySignature } from "#attest/public-key.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { checkSubject, readStatement } from "#attest/read-statement.ts";
import type { Envelope, Profile } from "#attest/sidecar.ts";
import type { Predicate, Statement } from "#attest/statement.ts";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { trustCodes } from "./codes.ts";
import { findRevoked } from "./find-revoked.ts";
import { findSigner } from "./find-signer.ts";
import { checkKeyWindow } from "./freshness.ts";
import type { Revocations } from "./revocation-list.ts";
import { standingOf, type Scope } from "./role.ts";
import type { TrustedKey, TrustRoot } from "./trust-root.ts";

/** Everything that one signed file is checked with. */
export type SignedCheck<P> = {
  readonly sidecar: Uint8Array;
  readonly profile: Profile;
  /** SHA-256 of the file that the sidecar stands beside. */
  readonly file: Digest;
  readonly predicate: Predicate<P>;
  /** The signer must hold at least one of these. */
  readonly roles: readonly string[];
  readonly scope: Scope;
  readonly trustRoot: TrustRoot;
  /** What is revoked here, or undefined where there is no list: whoever checks says so. */
  readonly revocations: Revocations | undefined;
  /** The time of verification. */
  readonly at: Timestamp;
  /** Trusted times at which this signature was there already: a key may be valid at one of these instead. */
  readonly timestamps?: readonly Timestamp[];
  readonly verifySignature: VerifySignature;
  readonly sha256: Sha256;
};

/** A statement whose signature is good, and who made it. */
export type Signed<P> = {
  readonly statement: Statement<P>;
  readonly principal: string;
  readonly keyid: string;
  /** The role by which it counts. */
  readonly role: string;
  /** Names the attestation: SHA-256 of the payload, never of the envelope. */
  readonly payloadDigest: Digest;
};

/** `stale`: all is right but the key's window, so that only time took its force. */
export type SignedVerdict<P> =
  | ({ readonly status: "pass" } & Signed<P>)
  | ({ readonly status: "stale"; readonly code: string; readonly why: string } & Signed<P>)
  | {
      readonly status: "fail";
      readonly code: string;
      readonly why: string;
      /** Known once the signature was found good. */
      readonly principal?: string;
      readonly keyid?: string;
    };

/**
 * Checks one signed file: envelope, signature, role, scope, revocation of key and payload, payload, subject, key window,
 * in this order. Never throws on any bytes. Codes: ENVELOPE_*, SIGNATURE_*, ROLE_*, REVOKED_KEY, REVOKED_PAYLOAD,
 * STATEMENT_*, KEY_WINDOW (stale).
 */
export async function checkSigned<P>(check: SignedCheck<P>): Promise<SignedVerdict<P>> {
  const { trustRoot, roles, verifySignature } = check;
  const envelope = readSidecar(check.sidecar, check.profile);
  if (!envelope.ok) {
    return failed(envelope.fault);
  }
  const signer = await findSigner(envelope.value, trustRoot, roles, verifySignature);
  if (!signer.ok) {
    return failed(signer.fault);
  }
  const signed = readSigned(check, envelope.value, signer.value);
  if (!signed.ok) {
    return { ...failed(signed.fault), principal: signer.value.principal, keyid: signer.value.key.keyid };
  }
  const window = checkKeyWindow(signer.value, check.at, check.timestamps);
  return window.ok
    ? { status: "pass", ...signed.value }
    : { status: "stale", code: window.fault.code, why: window.fault.message, ...signed.value };
}

function readSigned<P>(check: SignedCheck<P>, envelope: Envelope, signer: TrustedKey): Result<Signed<P>> {
  const role = checkRole(check.trustRoot, signer, check.roles, check.scope);
  if (!role.ok) {
    return role;
  }
  const payloadDigest = digestOf(envelope.payload, check.sha256);
  const revoked = findRevoked(check.revocations, { key: signer.key.keyid, payload: payloadDigest });
  if (revoked !== undefined) {
    return fail(revoked);
  }
  const statement = readStatement(envelope.payload, check.predicate);
  if (!statement.ok) {
    return statement;
  }
  const subject = checkSubject(statement.value, check.file);
  return subject.ok
    ? ok({
        statement: statement.value,
        principal: signer.principal,
        keyid: signer.key.keyid,
        role: role.value,
        payloadDigest,
      })
    : subject;
}

/** The role by which the key counts. Faults: ROLE_NOT_HELD, ROLE_SCOPE. */
export function checkRole(root: TrustRoot, signer: TrustedKey, roles: readonly string[], scope: Scope): Result<string> {
  const { principal, key } = signer;
  const standing = standingOf(root, key.keyid, roles, scope);
  const data = { principal, keyid: key.keyid, roles: roles.join(", ") };
  switch (standing.kind) {
    case "held":
      return ok(standing.role);
    case "outOfScope":
      return fail(faultOf(trustCodes, "ROLE_SCOPE", { ...data, role: standing.role, bound: standing.bound }));
    case "none":
      return fail(faultOf(trustCodes, "ROLE_NOT_HELD", data));
  }
}

function failed(fault: Fault): { readonly status: "fail"; readonly code: string; readonly why: string } {
  return { status: "fail", code: fault.code, why: fault.message };
}
