import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { canonicalHost } from "#pack/egress-rule.ts";
import type { EgressRule, Sandbox } from "#plan/plan.ts";
import { egressRuleFor } from "#run/egress-match.ts";
import { stepCodes } from "../codes.ts";

/** Where a URL leads: the host in its one spelling, and the protocol that a rule has to allow. */
export type FetchTarget = {
  readonly host: string;
  readonly port: number;
  readonly protocol: Extract<EgressRule["protocol"], "tls" | "http">;
};

/**
 * Reads a URL as WHATWG does, but refuses what that standard would mend or leave out: white space, a user, a fragment.
 * Nothing of a refused URL is repeated, because it may hold a password. Fault: FETCH_URL.
 */
export function readFetchUrl(text: string): Result<FetchTarget> {
  const wrong = (problem: string): Result<never> => fail(faultOf(stepCodes, "FETCH_URL", { problem }));
  const scheme = /^(https?):\/\/[^/\\]/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || !URL.canParse(text)) {
    return wrong("it is no whole URL that begins with https:// or http://");
  }
  if (/[\s\p{Cc}\\]/u.test(text)) {
    return wrong("it holds white space, a control character or a backslash");
  }
  if (/^[^/]+:\/\/[^/?#]*@/.test(text)) {
    return wrong("it names a user");
  }
  if (text.includes("#")) {
    return wrong("it has a fragment, which is never sent");
  }
  const { hostname, port } = new URL(text);
  const host = canonicalHost(hostname);
  if (host === undefined || host.startsWith("*")) {
    return wrong("its host is no name and no address that a rule could have");
  }
  const isTls = scheme === "https";
  return ok({ host, port: port === "" ? (isTls ? 443 : 80) : Number(port), protocol: isTls ? "tls" : "http" });
}

/** Refuses what no rule of the sandbox lets through. Fault: FETCH_NOT_ALLOWED. */
export function holdToRules({ host, port, protocol }: FetchTarget, { egressAllowlist }: Sandbox): Result<void> {
  const rule = egressRuleFor(egressAllowlist, host, port);
  if (rule?.protocol === protocol) {
    return ok(undefined);
  }
  const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return fail(faultOf(stepCodes, "FETCH_NOT_ALLOWED", { target, protocol }));
}
