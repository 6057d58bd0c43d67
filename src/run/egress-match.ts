import { canonicalHost } from "#pack/egress-rule.ts";
import type { EgressRule } from "#plan/plan.ts";

export type EgressMatcher = (host: string, port: number) => EgressRule | undefined;

/**
 * The rule that decides about a host in its one spelling: one for the very host before one with `*.`, a longer suffix
 * before a shorter one; undefined when none names it. An address is never a name under a suffix, and a host in another
 * spelling is named by none.
 */
export function egressRuleFor(rules: readonly EgressRule[], host: string, port: number): EgressRule | undefined {
  return egressMatcher(rules)(host, port);
}

/** As `egressRuleFor` for many hosts: one look-up costs what the host is long, however many rules there are. */
export function egressMatcher(rules: readonly EgressRule[]): EgressMatcher {
  const byName = new Map<string, EgressRule>();
  for (const rule of rules) {
    const name = `${rule.host}:${rule.port}`;
    if (!byName.has(name)) {
      byName.set(name, rule);
    }
  }
  return (host, port) => {
    if (host.startsWith("*") || canonicalHost(host) !== host) {
      return undefined;
    }
    const own = byName.get(`${host}:${port}`);
    if (own !== undefined || isAddress(host)) {
      return own;
    }
    for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      const rule = byName.get(`*${host.slice(dot)}:${port}`);
      if (rule !== undefined) {
        return rule;
      }
    }
    return undefined;
  };
}

/** Names in their one spelling have no colon, and their last label is no number. */
function isAddress(host: string): boolean {
  return host.includes(":") || /(?:^|\.)[0-9]+$/.test(host);
}
