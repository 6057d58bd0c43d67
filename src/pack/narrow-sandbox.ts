import type { PathPart } from "#canon/shape.ts";
import { coversHost } from "./egress-rule.ts";
import type { EgressRule, EnforcementLevel, LimitsRule, SandboxRule } from "./pack.ts";
import { bytesOf, givenRule, withQuotas, type GivenRule } from "./sandbox-rule.ts";
import type { StepSandboxText } from "./sandbox-shape.ts";

/** Something that a step's sandbox opens beyond the pack's; `path` is from the step's sandbox. */
type Widening = { readonly path: readonly PathPart[]; readonly problem: string };
export type Narrowed = { readonly sandbox: SandboxRule; readonly widenings: readonly Widening[] };

const ENFORCEMENT: readonly EnforcementLevel[] = ["watchdog", "kernel-process", "kernel-tree"];

/**
 * The whole sandbox of a step: the pack's with what the step narrows. A rule of the step takes what it does not say
 * (protocol, private addresses, quotas) from the rule of the pack that allows its host.
 */
export function narrowSandbox(pack: SandboxRule, step: StepSandboxText): Narrowed {
  const widenings: Widening[] = [];
  const mode = step.mode ?? pack.mode;
  if (mode === "restricted" && pack.mode === "sealed") {
    widenings.push({ path: ["mode"], problem: "the pack is sealed, the step restricted" });
  }
  const egressAllowlist =
    step.egressAllowlist === undefined
      ? pack.egressAllowlist
      : step.egressAllowlist.map((text, at) =>
          narrowRule(pack.egressAllowlist, givenRule(text), ["egressAllowlist", at], widenings),
        );
  const egressQuota = narrowQuota(pack, step, widenings);
  const limits = narrowLimits(pack, step, mode, widenings);
  const sandbox: SandboxRule = {
    mode,
    egressAllowlist,
    ...(egressQuota === undefined || egressAllowlist.length === 0 ? {} : { egressQuota }),
    limits,
    ...(pack.wallClockMs === undefined ? {} : { wallClockMs: pack.wallClockMs }),
  };
  return { sandbox, widenings };
}

function narrowRule(
  allowed: readonly EgressRule[],
  given: GivenRule,
  path: readonly PathPart[],
  widenings: Widening[],
): EgressRule {
  const { host, port } = given;
  const cover = allowed
    .filter((rule) => rule.port === port && coversHost(rule.host, host))
    .reduce<EgressRule | undefined>(
      (best, rule) => (best === undefined || isNearer(rule, best) ? rule : best),
      undefined,
    );
  if (cover === undefined) {
    widenings.push({ path, problem: `the pack does not allow ${host}:${port}` });
    return { protocol: "tls", allowPrivate: false, ...given };
  }
  const { protocol = cover.protocol, allowPrivate = cover.allowPrivate } = given;
  if (protocol !== cover.protocol) {
    widenings.push({ path, problem: `the pack allows ${host}:${port} for ${cover.protocol} only` });
  }
  if (allowPrivate && !cover.allowPrivate) {
    widenings.push({ path, problem: `the pack allows no private addresses for ${host}:${port}` });
  }
  const quotas = {
    maxBytes: lower(cover.maxBytes, given.maxBytes, [...path, "maxBytes"], widenings),
    maxRequests: lower(cover.maxRequests, given.maxRequests, [...path, "maxRequests"], widenings),
  };
  const { maxBytes, maxRequests } = quotas;
  return withQuotas(
    { host, port, protocol, allowPrivate },
    { ...(maxBytes === undefined ? {} : { maxBytes }), ...(maxRequests === undefined ? {} : { maxRequests }) },
  );
}

/** A rule for the very host goes before one with `*.`, and a longer suffix before a shorter one. */
function isNearer(rule: EgressRule, best: EgressRule): boolean {
  const isWild = rule.host.startsWith("*.");
  return isWild === best.host.startsWith("*.") ? rule.host.length > best.host.length : !isWild;
}

function narrowQuota(pack: SandboxRule, step: StepSandboxText, widenings: Widening[]): SandboxRule["egressQuota"] {
  const own = pack.egressQuota;
  if (own === undefined) {
    return undefined;
  }
  const { requests, bytes } = step.egressQuota ?? {};
  const given = bytes === undefined ? undefined : bytesOf(bytes);
  return {
    requests: lower(own.requests, requests, ["egressQuota", "requests"], widenings) ?? own.requests,
    bytes: lower(own.bytes, given, ["egressQuota", "bytes"], widenings) ?? own.bytes,
  };
}

function narrowLimits(
  pack: SandboxRule,
  step: StepSandboxText,
  mode: SandboxRule["mode"],
  widenings: Widening[],
): LimitsRule {
  const { cpus, memory, pids, log, artifacts } = step.limits ?? {};
  const own = pack.limits;
  const limit = (name: string, most: number, given: string | number | undefined): number =>
    lower(most, given === undefined ? undefined : bytesOf(given), ["limits", name], widenings) ?? most;
  const minEnforcement = narrowEnforcement(pack, step, mode, widenings);
  return {
    cpus: limit("cpus", own.cpus, cpus),
    memoryBytes: limit("memory", own.memoryBytes, memory),
    pids: limit("pids", own.pids, pids),
    logBytes: limit("log", own.logBytes, log),
    artifactBytes: limit("artifacts", own.artifactBytes, artifacts),
    ...(minEnforcement === undefined ? {} : { minEnforcement }),
  };
}

/** Without a word, sealed asks for kernel-tree and restricted for watchdog. */
function narrowEnforcement(
  pack: SandboxRule,
  step: StepSandboxText,
  mode: SandboxRule["mode"],
  widenings: Widening[],
): EnforcementLevel | undefined {
  const byMode = mode === "sealed" ? "kernel-tree" : "watchdog";
  const asked = pack.limits.minEnforcement ?? byMode;
  const given = step.limits?.minEnforcement;
  if (given !== undefined && ENFORCEMENT.indexOf(given) < ENFORCEMENT.indexOf(asked)) {
    widenings.push({ path: ["limits", "minEnforcement"], problem: `the pack asks for ${asked}` });
  }
  return given ?? pack.limits.minEnforcement;
}

/** The step's amount, which may be no more than the pack's. */
function lower(
  most: number | undefined,
  given: number | undefined,
  path: readonly PathPart[],
  widenings: Widening[],
): number | undefined {
  if (most !== undefined && given !== undefined && given > most) {
    widenings.push({ path, problem: `the pack allows ${path.at(-1)} up to ${most}, the step asks for ${given}` });
  }
  return given ?? most;
}
