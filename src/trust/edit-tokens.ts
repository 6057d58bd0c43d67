import type { Sha256 } from "#canon/digest.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { trustCodes } from "./codes.ts";
import { draft, renewed, type RootDraft } from "./edit-root.ts";
import type { TrustRoot, TrustRootDocument } from "./trust-root.ts";

/** Whose token: `iss` and `sub` of its claims. */
export type TokenBearer = { readonly iss: string; readonly sub: string };

type Tokens = NonNullable<TrustRootDocument["tokens"]>;

/** The next version, in which the bearer of such a token stands for this principal, and for no other. Fault: TRUST_EDIT_INVALID. */
export function mapToken(
  root: TrustRoot,
  { iss, sub, principal }: TokenBearer & { readonly principal: string },
  now: Timestamp,
  sha256: Sha256,
): Result<RootDraft> {
  return withTokens(root, [...others(root, { iss, sub }), { iss, sub, principal }], now, sha256);
}

/** The next version, in which the bearer of such a token stands for nobody. Faults: TRUST_EDIT_TOKEN, TRUST_EDIT_INVALID. */
export function unmapToken(root: TrustRoot, bearer: TokenBearer, now: Timestamp, sha256: Sha256): Result<RootDraft> {
  const left = others(root, bearer);
  const { tokens = [] } = root.document;
  return left.length === tokens.length
    ? fail(faultOf(trustCodes, "TRUST_EDIT_TOKEN", { issuer: bearer.iss, subject: bearer.sub }))
    : withTokens(root, left, now, sha256);
}

function others({ document: { tokens = [] } }: TrustRoot, { iss, sub }: TokenBearer): Tokens {
  return tokens.filter((token) => token.iss !== iss || token.sub !== sub);
}

function withTokens({ document }: TrustRoot, given: Tokens, now: Timestamp, sha256: Sha256): Result<RootDraft> {
  const tokens = given.toSorted((a, b) => compareUtf8(a.iss, b.iss) || compareUtf8(a.sub, b.sub));
  return draft({ ...document, ...renewed(document, now), tokens }, sha256);
}
