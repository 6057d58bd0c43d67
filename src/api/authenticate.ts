import { createHash, timingSafeEqual } from "node:crypto";
import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";
import type { ServerIssuer } from "#app/server-settings.ts";
import type { Bearer } from "#app/service/service.ts";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { apiCodes } from "./codes.ts";
import { isScope, SCOPES } from "./scope.ts";
import { keysOf } from "./token-issuer.ts";

export type Authenticated = { readonly bearer: Bearer; readonly claims: Readonly<Record<string, unknown>> };

/** Says who sends a request by its header `Authorization`. Faults: TOKEN_MISSING, TOKEN_INVALID, TOKEN_KEYS. */
export type Authenticate = (authorization: string | undefined) => Promise<Result<Authenticated>>;

/** Signatures that are taken. `none` and shared secrets are not among them. */
const ALGORITHMS = ["EdDSA", "Ed25519", "ES256", "RS256"];
/** Difference of clocks that is passed over, in seconds. */
const CLOCK_TOLERANCE = 60;
const MAX_TOKEN = 8192;

/** `iss` of the token that a loopback server makes for its own user. */
const LOOPBACK_ISSUER = "packrun:loopback";

export type LoopbackToken = { readonly token: string; readonly tenantId: TenantId };

/** Tokens of the configured issuers; and the one of a loopback server, where it has one. */
export async function authenticator(
  issuers: readonly ServerIssuer[],
  loopback: LoopbackToken | undefined,
  now: () => number,
): Promise<Authenticate> {
  const known = new Map<string, { readonly issuer: ServerIssuer; readonly keys: JWTVerifyGetKey }>();
  for (const issuer of issuers) {
    known.set(issuer.issuer, { issuer, keys: await keysOf(issuer, now) });
  }
  return async (authorization) => {
    const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) {
      return fail(faultOf(apiCodes, "TOKEN_MISSING"));
    }
    if (loopback !== undefined && isSame(token, loopback.token)) {
      const bearer = { issuer: LOOPBACK_ISSUER, subject: "operator", scopes: SCOPES, local: true } as const;
      return ok({ bearer: { ...bearer, tenantId: loopback.tenantId }, claims: {} });
    }
    const named = token.length > MAX_TOKEN ? undefined : issuerOf(token);
    const entry = named === undefined ? undefined : known.get(named);
    return entry === undefined
      ? refused("it is of no issuer that this server knows")
      : verified(token, entry.issuer, entry.keys, now);
  };
}

/** Compared by digest: neither length nor beginning can be found out by how long it takes. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Chooses the keys only: whether the claim is true is decided by them. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

async function verified(
  token: string,
  { issuer, audience }: ServerIssuer,
  keys: JWTVerifyGetKey,
  now: () => number,
): Promise<Result<Authenticated>> {
  const options = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE,
    currentDate: new Date(now()),
    requiredClaims: ["exp", "sub", "tenant", "scope"],
  };
  try {
    return bearerOf((await jwtVerify(token, keys, options)).payload, issuer);
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) {
      return oneOf(token, error, options, issuer);
    }
    const problem = problemOf(error);
    return problem === undefined ? fail(faultOf(apiCodes, "TOKEN_KEYS", { issuer })) : refused(problem);
  }
}

/** A token that names no key is good when one of the issuer's keys made its signature. */
async function oneOf(
  token: string,
  matching: errors.JWKSMultipleMatchingKeys,
  options: Parameters<typeof jwtVerify>[2],
  issuer: string,
): Promise<Result<Authenticated>> {
  for await (const key of matching) {
    try {
      return bearerOf((await jwtVerify(token, key, options)).payload, issuer);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) {
        return refused(problemOf(error) ?? "its signature is not good");
      }
    }
  }
  return refused("its signature is not good");
}

function bearerOf(payload: JWTPayload, issuer: string): Result<Authenticated> {
  // What `JWTPayload` says of types is what RFC 7519 asks for: nobody has looked whether it is so.
  const { sub, tenant, scope }: Readonly<Record<string, unknown>> = payload;
  const tenantId = typeof tenant === "string" ? parseTenantId(tenant) : undefined;
  if (tenantId === undefined || typeof scope !== "string" || !isSubject(sub)) {
    return refused("it needs the claims sub, tenant and scope, each a text");
  }
  // Scopes of other services may stand beside ours.
  const scopes = scope.split(" ").filter(isScope);
  return ok({ bearer: { tenantId, issuer, subject: sub, scopes }, claims: payload });
}

/** Halves of characters are written alike in a ledger: two such subjects would be one there. */
function isSubject(sub: unknown): sub is string {
  return typeof sub === "string" && sub !== "" && sub.isWellFormed();
}

/** Why a token does not hold, in words that repeat nothing of it; undefined where the keys could not be had. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) {
    return "it has expired";
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    return reason === "missing" ? `it has no claim ${claim}` : `its claim ${claim} is not what it must be`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) {
    return "its algorithm is not EdDSA, ES256 or RS256";
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return "its issuer has no such key";
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return "its signature is not good";
  }
  return error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid ? "it is no signed JWT" : undefined;
}

function refused(problem: string): Result<never> {
  return fail(faultOf(apiCodes, "TOKEN_INVALID", { problem }));
}
