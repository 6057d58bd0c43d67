import type { Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { checkRole } from "#trust/check-signed.ts";
import { checkKeyWindow } from "#trust/freshness.ts";
import { holdersOf } from "#trust/role.ts";
import type { TrustedKey, TrustRoot } from "#trust/trust-root.ts";
import { appCodes } from "./codes.ts";
import type { RequestTrust } from "./run-trust.ts";

/** What a run is, as roles are bounded. */
export type RunScope = { readonly tenant: string; readonly pack: string };
export type RunRole = "requester" | "run-attestor";

/**
 * Whether the keys behind a run that starts at `at` may sign its request and its evidence: judged as whoever verifies it does.
 * Faults: ROLE_NOT_HELD, ROLE_SCOPE, KEY_WINDOW, REQUESTER_KEY.
 */
export function checkRunKeys(trust: RequestTrust, scope: RunScope, at: Timestamp): Result<void> {
  const { root, requester, attestor, token } = trust;
  // What a token asked for is signed by the attestor, and counts by its role alone.
  const requests = token === undefined ? checkRunKey(root, requester.keyid, "requester", scope) : undefined;
  const signers = [requests, checkRunKey(root, attestor.keyid, "run-attestor", scope)];
  for (const signer of signers) {
    const fitting = signer?.ok === true ? checkTime(signer.value, at) : signer;
    if (fitting?.ok === false) {
      return fitting;
    }
  }
  return ok(undefined);
}

/** The same of one key, whatever the time. Faults: ROLE_NOT_HELD, ROLE_SCOPE, REQUESTER_KEY. */
export function checkRunKey(root: TrustRoot, keyid: string, role: RunRole, scope: RunScope): Result<TrustedKey> {
  const key = root.keys.get(keyid);
  if (key === undefined) {
    return fail(faultOf(appCodes, "REQUESTER_KEY", { keyid }));
  }
  const held = checkRole(root, key, [role], scope);
  if (held.ok) {
    return ok(key);
  }
  const { fault } = held;
  return fail({ ...fault, hint: fault.code === "ROLE_SCOPE" ? widen(role, scope) : give(role, key.principal) });
}

/**
 * Whether a key holds the role in this tenant for any pack at all: those that the role is bounded to are taken as good. Faults:
 * ROLE_NOT_HELD, ROLE_SCOPE, REQUESTER_KEY, ATTESTOR_KEY.
 */
export function checkKeyForSomePack(root: TrustRoot, keyid: string, role: RunRole, tenant: string): Result<TrustedKey> {
  if (role === "run-attestor" && !holdersOf(root, [role]).has(keyid)) {
    return fail(faultOf(appCodes, "ATTESTOR_KEY", { keyid }));
  }
  const entry = Object.hasOwn(root.document.roles, role) ? root.document.roles[role] : undefined;
  return checkRunKey(root, keyid, role, { tenant, pack: entry?.packs?.[0] ?? "*" });
}

function checkTime(key: TrustedKey, at: Timestamp): Result<void> {
  const inTime = checkKeyWindow(key, at);
  const hint = "sign with a key that is valid now, or let the holders of the trust root renew this one";
  return inTime.ok ? inTime : fail({ ...inTime.fault, hint });
}

function give(role: RunRole, principal: string): string {
  return `${MEMBER[role]}; or let the holders of the trust root add the role: \`packrun trust add KEY.pub --principal ${principal} --role ${role}\``;
}

function widen(role: RunRole, { tenant, pack }: RunScope): string {
  return `${MEMBER[role]} for pack ${pack} in tenant ${tenant}; or let the holders of the trust root widen the role`;
}

/** Where another key is named; a pack and a tenant may follow. */
const MEMBER: Readonly<Record<RunRole, string>> = {
  requester: "name as requester.key, or with --as, a key that holds the role requester",
  "run-attestor": "name as attestor.key a key that holds the role run-attestor",
};
