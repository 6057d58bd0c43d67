import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { Digest } from "#canon/digest.ts";
import type { RunId, TenantId } from "#canon/ids.ts";
import type { Scope } from "./scope.ts";
import type { TokenKey } from "./token-key.ts";

export type TokenOrder = {
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  readonly tenantId: TenantId;
  readonly scopes: readonly Scope[];
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly ttlMs: number;
  /** The one gate that the bearer may send a decision on. */
  readonly approval?: { readonly runId: RunId; readonly gateId: string; readonly planHash: Digest };
};

/** A token of the local issuer, in JWS compact form. */
export async function issueToken(order: TokenOrder, { key, kid }: Pick<TokenKey, "key" | "kid">): Promise<string> {
  const { issuer, audience, subject, tenantId, scopes, now, ttlMs, approval } = order;
  const issued = Math.floor(now / 1000);
  const gate =
    approval === undefined
      ? {}
      : { pack_run_id: approval.runId, pack_gate_id: approval.gateId, pack_plan_hash: approval.planHash };
  return new SignJWT({ tenant: tenantId, scope: scopes.join(" "), ...gate })
    .setProtectedHeader({ alg: "ES256", typ: "JWT", kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(issued)
    .setNotBefore(issued)
    .setExpirationTime(issued + Math.floor(ttlMs / 1000))
    .setJti(randomUUID())
    .sign(key);
}
