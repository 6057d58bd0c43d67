import type { Fault } from "#fault/fault.ts";
import type { Check } from "./verdict.ts";

/** Every check, in the order of the report. */
const CHECK_NAMES = [
  "sizes",
  "trust-root",
  "envelope",
  "payload-type",
  "signature",
  "role",
  "window",
  "revocation",
  "quorum",
  "payload",
  "schema",
  "subject",
  "bindings",
  "plan-hash",
  "manifest",
  "ledger-chain",
  "ledger-fold",
  "statement",
  "outputs",
  "artifacts",
  "pack",
  "pack-source",
  "pack-attestation",
  "sbom",
  "inputs-lock",
  "plan",
  "plan-nodes",
  "order",
  "conditions",
  "reuse",
  "run-request",
  "approval-requests",
  "approvals",
  "policies",
  "outcome",
  "redaction",
  "egress",
  "anchor",
  "freshness",
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** Collects what the checks find; a check that was never reached is in the report too, and says so. */
export class CheckList {
  readonly #found = new Map<CheckName, Check>();
  readonly #more = new Map<CheckName, number>();

  /** A failure stands; a stale finding is only replaced by a failure. */
  pass(name: CheckName, why: string): void {
    if (!this.#found.has(name)) {
      this.#found.set(name, { name, status: "pass", why });
    }
  }

  skip(name: CheckName, why: string): void {
    if (!this.#found.has(name)) {
      this.#found.set(name, { name, status: "skipped", why });
    }
  }

  stale(name: CheckName, fault: Fault): void {
    const before = this.#found.get(name)?.status;
    if (before !== "fail" && before !== "stale") {
      this.#found.set(name, { name, status: "stale", code: fault.code, why: fault.message });
    }
  }

  /** The first failure of a check is what it reports; further ones are counted. */
  fail(name: CheckName, fault: Fault): void {
    if (this.failed(name)) {
      this.#more.set(name, (this.#more.get(name) ?? 0) + 1);
    } else {
      this.#found.set(name, { name, status: "fail", code: fault.code, why: fault.message });
    }
  }

  failed(name: CheckName): boolean {
    return this.#found.get(name)?.status === "fail";
  }

  /** All checks in their order. */
  report(): readonly Check[] {
    return CHECK_NAMES.map((name) => {
      const check = this.#found.get(name) ?? { name, status: "skipped" as const, why: "not reached" };
      const more = this.#more.get(name);
      return more === undefined ? check : { ...check, why: `${check.why} (and ${more} more)` };
    });
  }
}
