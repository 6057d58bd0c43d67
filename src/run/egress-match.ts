import { coversHost } from "#pack/egress-rule.ts";
import type { EgressRule } from "#plan/plan.ts";

/**
 * The rule that decides about a host in its one spelling: one for the very host before one with `*.`, a longer suffix
 * before a shorter one; undefined when none names it. An address is never a name under a suffix.
 */
export function egressRuleFor(rules: readonly EgressRule[], host: string, port: number): EgressRule | undefined {
  let best: EgressRule | undefined;
  for (const rule of rules) {
    if (rule.port === port && host !== "" && names(rule.host, host) && (best === undefined || isNearer(rule, best))) {
      best = rule;
    }
  }
  return best;
}

function names(ruleHost: string, host: string): boolean {
  return ruleHost === host || (!isAddress(host) && coversHost(ruleHost, host));
}

/** Names in their one spelling have no colon, and their last label is no number. */
function isAddress(host: string): boolean {
  return host.includes(":") || /(?:^|\.)[0-9]+$/.test(host);
}

function isNearer(rule: EgressRule, best: EgressRule): boolean {
  const isWild = rule.host.startsWith("*.");
  return isWild === best.host.startsWith("*.") ? rule.host.length > best.host.length : !isWild;
}
