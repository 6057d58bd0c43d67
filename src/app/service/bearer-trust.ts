import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import { standingOf } from "#trust/role.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { openRequestTrust, openRunTrust, type RequestTrust } from "../run-trust.ts";
import type { Workplace } from "../workplace.ts";
import type { Bearer } from "./service.ts";
import { serviceCodes } from "./service-codes.ts";

/** Which principal the trust root says the bearer of a token is. */
export function principalOf({ document }: TrustRoot, { issuer, subject }: Bearer): string | undefined {
  return document.tokens?.find(({ iss, sub }) => iss === issuer && sub === subject)?.principal;
}

/**
 * What a run is requested with that a bearer asks for: the attestor vouches for whom the token stands for. Faults:
 * BEARER_UNKNOWN, BEARER_ATTESTOR, those of `openRequestTrust`.
 */
export async function openBearerTrust(
  workplace: Workplace,
  bearer: Bearer,
  { approvals, pack }: Pick<Plan, "approvals" | "pack">,
): Promise<Result<RequestTrust>> {
  const roles = Object.values(approvals).flatMap((rule) => rule.from);
  if (bearer.local === true) {
    return openRequestTrust(workplace, undefined, roles);
  }
  const trust = await openRunTrust(workplace, roles);
  if (!trust.ok) {
    return trust;
  }
  const { root, attestor } = trust.value;
  const principal = principalOf(root, bearer);
  if (principal === undefined) {
    const { trustDomain } = root.document;
    return fail(faultOf(serviceCodes, "BEARER_UNKNOWN", { trustDomain }));
  }
  const { tenantId: tenant, issuer, subject } = bearer;
  // Evidence names the first role that fits, and takes no request by a requester for one by a token.
  return standingOf(root, attestor.keyid, ["requester"], { tenant, pack: pack.name }).kind === "held"
    ? fail(faultOf(serviceCodes, "BEARER_ATTESTOR", { keyid: attestor.keyid }))
    : ok({ ...trust.value, requester: attestor, principal, token: { issuer, subject } });
}
