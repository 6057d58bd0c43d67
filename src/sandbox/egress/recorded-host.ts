import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import type { EgressRule } from "#plan/plan.ts";
import type { EgressScope } from "#port/egress.ts";
import type { Redactor } from "#port/secrets.ts";
import { egressCodes, type EgressCode } from "./codes.ts";

/** How a secret stands in a text that was redacted; what verifies takes it for one letter of a name. */
const MARK = /\[redacted:[^\]]*\]/;

/** The first rule of a step or its run whose host holds a secret. The plan that names it is there for all to read. */
export function ruleWithSecret(scope: EgressScope): Fault<EgressCode> | undefined {
  const { redactor, sandbox, egressAllowlist = [] } = scope;
  const rule = [...sandbox.egressAllowlist, ...egressAllowlist].find(({ host }) => redactor.redact(host) !== host);
  return rule && faultOf(egressCodes, "EGRESS_SECRET", { host: redactor.redact(rule.host), port: rule.port });
}

/**
 * A host that a rule let through, as it stands in the record: still one that this rule lets through. Secrets that came to be known
 * only after the attempt began are left in what the plan says itself, and in nothing else.
 */
export function recordedHost(host: string, rule: EgressRule, redactor: Redactor): string {
  const redacted = redactor.redact(host);
  if (redacted === host || !rule.host.startsWith("*.")) {
    return host;
  }
  const suffix = rule.host.slice(1);
  return redacted.endsWith(suffix) ? redacted : `${MARK.exec(redacted)?.[0] ?? "x"}${suffix}`;
}
