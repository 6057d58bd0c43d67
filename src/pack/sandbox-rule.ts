import { parseByteSize } from "#canon/byte-size.ts";
import { parseDuration } from "#canon/duration.ts";
import { canonicalHost, parseHostPort } from "./egress-rule.ts";
import type { EgressRule, LimitsRule, SandboxRule } from "./pack.ts";
import type { EgressRuleText, SandboxText } from "./sandbox-shape.ts";

const MEBI = 1024 * 1024;
/** What the contract gives to limits that a pack leaves out. */
const DEFAULT_LIMITS = { pids: 256, logBytes: 16 * MEBI, artifactBytes: 1024 * MEBI } as const;

/** An egress rule with only what its text says. */
export type GivenRule = Pick<EgressRule, "host" | "port"> & Partial<EgressRule>;

/** Bytes of a size that fits its shape. */
export function bytesOf(size: string | number): number {
  return typeof size === "number" ? size : (parseByteSize(size) ?? 0);
}

/** Milliseconds of a duration that fits its shape. */
export function millisecondsOf(duration: string): number {
  return parseDuration(duration) ?? 0;
}

/** What a rule that fits its shape says. */
export function givenRule(rule: EgressRuleText): GivenRule {
  if (typeof rule === "string") {
    return parseHostPort(rule) ?? { host: rule, port: 0 };
  }
  const { maxBytes, ...rest } = rule;
  const host = canonicalHost(rule.host) ?? rule.host;
  return { ...rest, host, ...(maxBytes === undefined ? {} : { maxBytes: bytesOf(maxBytes) }) };
}

/** The rule with its defaults: tls, but http for port 80; no private addresses. */
export function egressRuleOf(text: EgressRuleText): EgressRule {
  const given = givenRule(text);
  const { host, port, protocol = port === 80 ? "http" : "tls", allowPrivate = false } = given;
  return withQuotas({ host, port, protocol, allowPrivate }, given);
}

export function withQuotas(
  rule: Pick<EgressRule, "host" | "port" | "protocol" | "allowPrivate">,
  { maxBytes, maxRequests }: Pick<Partial<EgressRule>, "maxBytes" | "maxRequests">,
): EgressRule {
  return {
    ...rule,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(maxRequests === undefined ? {} : { maxRequests }),
  };
}

/** The sandbox of a pack, with defaults written out. A quota beside an empty list means nothing and is left out. */
export function sandboxRuleOf({ mode, egressAllowlist, egressQuota, limits, wallClock }: SandboxText): SandboxRule {
  const hasQuota = egressQuota !== undefined && egressAllowlist.length > 0;
  return {
    mode,
    egressAllowlist: egressAllowlist.map(egressRuleOf),
    ...(hasQuota ? { egressQuota: { requests: egressQuota.requests, bytes: bytesOf(egressQuota.bytes) } } : {}),
    limits: limitsOf(limits),
    ...(wallClock === undefined ? {} : { wallClockMs: millisecondsOf(wallClock) }),
  };
}

function limitsOf({ cpus, memory, pids, log, artifacts, minEnforcement }: SandboxText["limits"]): LimitsRule {
  return {
    cpus,
    memoryBytes: bytesOf(memory),
    pids: pids ?? DEFAULT_LIMITS.pids,
    logBytes: log === undefined ? DEFAULT_LIMITS.logBytes : bytesOf(log),
    artifactBytes: artifacts === undefined ? DEFAULT_LIMITS.artifactBytes : bytesOf(artifacts),
    ...(minEnforcement === undefined ? {} : { minEnforcement }),
  };
}
