import type { EgressRule, Plan, RunNode, Sandbox } from "#plan/plan.ts";
import type { EgressLine } from "#run/egress-line.ts";
import { egressMatcher, type EgressMatcher } from "#run/egress-match.ts";
import { shown } from "./shown.ts";

type Amount = { requests: number; bytes: number };
type Counted = { readonly whole: Amount; readonly byRule: Map<EgressRule, Amount> };

/** Something that used more than it was allowed. */
export type Excess = {
  readonly what: string;
  readonly unit: "requests" | "bytes";
  readonly found: number;
  readonly limit: number;
};

/**
 * Adds up what lines say was used, for the whole run and for each step that has a sandbox of its own, over all attempts.
 * Requests are the tries that were let through; bytes count in both directions, whatever became of the try.
 */
export class EgressTally {
  readonly #plan: Plan;
  readonly #run = counted();
  /** By instance. */
  readonly #steps = new Map<string, { readonly sandbox: Sandbox; readonly counted: Counted }>();
  readonly #matchers = new Map<Sandbox, EgressMatcher>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  get run(): Readonly<Amount> {
    return this.#run.whole;
  }

  /** The rule of a step's sandbox that decides about this line. */
  ruleFor({ sandbox = this.#plan.sandbox }: RunNode, { host, port }: EgressLine): EgressRule | undefined {
    return this.#matcherOf(sandbox)(plainHost(host), port);
  }

  add(node: RunNode, line: EgressLine): void {
    this.#count(this.#plan.sandbox, this.#run, line);
    const { sandbox } = node;
    if (sandbox !== undefined) {
      const step = this.#steps.get(line.stepId) ?? { sandbox, counted: counted() };
      this.#steps.set(line.stepId, step);
      this.#count(sandbox, step.counted, line);
    }
  }

  *excesses(): Iterable<Excess> {
    yield* excessesOf(this.#plan.sandbox, this.#run, "the run");
    for (const [stepId, { sandbox, counted }] of this.#steps) {
      yield* excessesOf(sandbox, counted, shown(stepId));
    }
  }

  #count(sandbox: Sandbox, { whole, byRule }: Counted, line: EgressLine): void {
    addLine(whole, line);
    const rule = this.#matcherOf(sandbox)(plainHost(line.host), line.port);
    if (rule !== undefined && (rule.maxBytes !== undefined || rule.maxRequests !== undefined)) {
      const amount = byRule.get(rule) ?? { requests: 0, bytes: 0 };
      byRule.set(rule, amount);
      addLine(amount, line);
    }
  }

  #matcherOf(sandbox: Sandbox): EgressMatcher {
    const matcher = this.#matchers.get(sandbox) ?? egressMatcher(sandbox.egressAllowlist);
    this.#matchers.set(sandbox, matcher);
    return matcher;
  }
}

/** A secret may be part of a name under a suffix, and is redacted there: any text in its place is as good. */
function plainHost(host: string): string {
  return host.replaceAll(/\[redacted:[^\]]*\]/g, "x");
}

function counted(): Counted {
  return { whole: { requests: 0, bytes: 0 }, byRule: new Map() };
}

function addLine(amount: Amount, { decision, bytesIn, bytesOut }: EgressLine): void {
  amount.requests += decision === "allowed" ? 1 : 0;
  amount.bytes += bytesIn + bytesOut;
}

function* excessesOf({ egressQuota }: Sandbox, { whole, byRule }: Counted, what: string): Iterable<Excess> {
  // Without a quota nothing may leave.
  yield* over(what, whole, egressQuota?.requests ?? 0, egressQuota?.bytes ?? 0);
  for (const [{ host, port, maxRequests, maxBytes }, amount] of byRule) {
    yield* over(`${what}, under the rule for ${shown(host)}:${port},`, amount, maxRequests, maxBytes);
  }
}

function* over(what: string, found: Amount, requests: number | undefined, bytes: number | undefined): Iterable<Excess> {
  if (requests !== undefined && found.requests > requests) {
    yield { what, unit: "requests", found: found.requests, limit: requests };
  }
  if (bytes !== undefined && found.bytes > bytes) {
    yield { what, unit: "bytes", found: found.bytes, limit: bytes };
  }
}
