import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { canonicalHost } from "#pack/egress-rule.ts";
import type { EgressRule } from "#plan/plan.ts";
import type { EgressScope } from "#port/egress.ts";
import type { Redactor } from "#port/secrets.ts";
import { egressCodes, type EgressCode } from "./codes.ts";
import { unescaped, type WrittenHost } from "./target.ts";

/** How a secret stands in a text that was redacted; what verifies takes it for one letter of a name. */
const MARK = /\[redacted:[^\]]*\]/g;

/** The first rule of a step or its run whose host holds a secret. The plan that names it is there for all to read. */
export function ruleWithSecret(scope: EgressScope): Fault<EgressCode> | undefined {
  const { redactor, sandbox, egressAllowlist = [] } = scope;
  const rule = [...sandbox.egressAllowlist, ...egressAllowlist].find(({ host }) => redactor.redactHost(host) !== host);
  return rule && faultOf(egressCodes, "EGRESS_SECRET", { host: redactor.redactHost(rule.host), port: rule.port });
}

/**
 * A host as it is told and recorded. Where a secret stands in what was written, only that text is told, without it: the one
 * spelling may show the secret in letters or numbers that nobody knows for it.
 */
export function saidHost({ host, written = host }: WrittenHost, redactor: Redactor): string {
  const said = redactor.redactHost(written);
  return said === written ? redactor.redactHost(host) : said;
}

/**
 * A host that a rule let through, as it stands in the record: still one that this rule lets through. Secrets that came to be known
 * only after the attempt began are left in what the plan says itself, and in nothing else.
 */
export function recordedHost(wanted: WrittenHost, rule: EgressRule, redactor: Redactor): string {
  const { host } = wanted;
  const said = saidHost(wanted, redactor);
  if (said === host || !rule.host.startsWith("*.")) {
    return host;
  }
  const suffix = rule.host.slice(1);
  const verified = said.replaceAll(MARK, "x");
  const isUnder = said.endsWith(suffix) && canonicalHost(verified) === verified;
  return isUnder ? said : `${said.match(MARK)?.[0] ?? "x"}${suffix}`;
}

/** A path as it is recorded. Where a secret is seen only once escapes are read, the path stands with all of them read. */
export function saidPath(path: string, redactor: Redactor): string {
  const said = redactor.redact(path);
  const plain = unescaped(said);
  const found = redactor.redact(plain);
  return found === plain ? said : found;
}
