import type { Fault } from "#fault/fault.ts";
import type { Result } from "#fault/result.ts";
import type { EgressUse, Metadata } from "#run/event.ts";
import type { AttemptRequest } from "./step-runner.ts";

/** On whose behalf, and under which rules, something leaves this host. */
export type EgressScope = Pick<
  AttemptRequest,
  "runId" | "tenantId" | "stepId" | "attempt" | "sandbox" | "egressQuota" | "egressAllowlist" | "redactor"
>;

export type Fetched = {
  readonly status: number;
  /** Where the answer says to look instead, as it stands there. */
  readonly location?: string;
  /** Throws a `StoreError` that carries the fault when the answer breaks off or a quota is used up. */
  readonly body: AsyncIterable<Uint8Array>;
};

/** What an attempt used of the network, once nothing of it is under way any more. */
export type EgressRecord = {
  readonly use: EgressUse;
  readonly denied: readonly Metadata<"egress.denied">[];
  /**
   * Why not all of its lines could be kept; the attempt then fails with it. `denied` ends with an EGRESS_RECORD that has no
   * line either: evidence of such a run does not verify, whatever is made of this fault.
   */
  readonly fault?: Fault;
};

/** The network of one attempt. */
export type EgressSession = {
  /** One GET; redirects are not followed. A URL that no rule allows is the fault EGRESS_DENIED. */
  readonly fetch: (url: string, signal: AbortSignal) => Promise<Result<Fetched>>;
  /** Ends every connection; the record is then complete, and its lines are kept. Never rejects, and may be called again. */
  readonly close: () => Promise<EgressRecord>;
};

/**
 * The one door to the network, for steps in a sandbox and for the runner's own built-ins.
 * 1. Rules are matched before a name is looked up; only vetted addresses are dialled.
 * 2. Quotas are taken before the first await and hold for the whole run, across attempts and crashes of the runner: not
 *    one byte more than they allow is forwarded.
 * 3. Every try leaves a line in the run's `egress.jsonl`.
 */
export type Egress = {
  readonly open: (scope: EgressScope) => Promise<Result<EgressSession>>;
  readonly close: () => Promise<void>;
};
