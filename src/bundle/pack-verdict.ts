import type { Fault } from "#fault/fault.ts";
import { wordOf, type Check, type PackSubject, type PackVerdict } from "#verify/verdict.ts";

/** Every check of a pack bundle, in the order of the report. */
const PACK_CHECKS = [
  "trust-root",
  "archive",
  "blobs",
  "pack",
  "revocation",
  "publisher",
  "bindings",
  "referrers",
  "sbom",
  "sbom-attestation",
  "plan",
  "min-version",
  "freshness",
] as const;
type PackCheckName = (typeof PACK_CHECKS)[number];

/** What the checks found so far. The first failure of a check stands; a failure replaces what is stale. */
export type PackFindings = {
  readonly pass: (name: PackCheckName, why: string) => void;
  readonly skip: (name: PackCheckName, why: string) => void;
  readonly stale: (name: PackCheckName, fault: Fault) => void;
  readonly fail: (name: PackCheckName, fault: Fault) => void;
  /** All checks in their order. One is never reached only behind another that failed. */
  readonly verdict: (subject: PackSubject, trustDomain: string | undefined) => PackVerdict;
};

export function packFindings(): PackFindings {
  const found = new Map<PackCheckName, Check>();
  const put = (name: PackCheckName, check: Check): void => {
    const rank = { skipped: 0, pass: 0, stale: 1, fail: 2 };
    const before = found.get(name);
    if (before === undefined || rank[check.status] > rank[before.status]) {
      found.set(name, check);
    }
  };
  return {
    pass: (name, why) => put(name, { name, status: "pass", why }),
    skip: (name, why) => put(name, { name, status: "skipped", why }),
    stale: (name, { code, message }) => put(name, { name, status: "stale", code, why: message }),
    fail: (name, { code, message }) => put(name, { name, status: "fail", code, why: message }),
    verdict: (subject, trustDomain) => {
      const checks = PACK_CHECKS.map((name) => found.get(name) ?? notReached(name));
      return {
        schemaVersion: 1,
        verdict: wordOf(checks),
        subject,
        ...(trustDomain === undefined ? {} : { trustDomain }),
        checks,
      };
    },
  };
}

function notReached(name: PackCheckName): Check {
  return { name, status: "skipped", why: "not reached" };
}
