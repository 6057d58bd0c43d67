import type { Plan, RunNode } from "#plan/plan.ts";
import type { EgressUse, LedgerEvent } from "#run/event.ts";
import { templateOf, type PlanTree } from "./plan-tree.ts";

/** What the ledger says of one attempt's network. */
export type AttemptEgress = {
  readonly stepId: string;
  readonly attempt: number;
  /** What its end says it used. Absent where the end says nothing: retried, cancelled, lost ones. */
  use?: EgressUse;
  /** Refused tries that are events, by what they say, with how many there are of each. */
  readonly denied: Map<string, number>;
};

/** Attempts that may reach the network, and those that the ledger says did, event by event. */
export class EgressLog {
  readonly #plan: Plan;
  readonly #tree: PlanTree;
  readonly #attempts = new Map<string, AttemptEgress>();

  constructor(plan: Plan, tree: PlanTree) {
    this.#plan = plan;
    this.#tree = tree;
  }

  get attempts(): Iterable<AttemptEgress> {
    return this.#attempts.values();
  }

  /** Undefined for an attempt that never began, and for one that has no network. */
  find(stepId: string, attempt: number): AttemptEgress | undefined {
    return this.#attempts.get(`${stepId} ${attempt}`);
  }

  /** The run node of an instance. */
  nodeOf(stepId: string): RunNode | undefined {
    const node = this.#tree.nodes.get(templateOf(stepId));
    return node?.kind === "run" ? node : undefined;
  }

  take(event: LedgerEvent): void {
    const { stepId = "", attempt = 0 } = event;
    if (event.eventType === "step.started") {
      const sandbox = this.nodeOf(stepId)?.sandbox ?? this.#plan.sandbox;
      if (sandbox.egressAllowlist.length > 0) {
        this.#attemptOf(stepId, attempt);
      }
    } else if (event.eventType === "egress.denied") {
      const { denied } = this.#attemptOf(stepId, attempt);
      const key = deniedKey(event.metadata);
      denied.set(key, (denied.get(key) ?? 0) + 1);
    } else if (event.eventType === "step.succeeded" && event.metadata.reusedFrom === undefined) {
      const none = { requests: 0, bytesIn: 0, bytesOut: 0 };
      this.#end(stepId, attempt, event.metadata.egress ?? none);
    } else if (event.eventType === "step.failed") {
      this.#end(stepId, attempt, event.metadata.egress);
    }
  }

  #end(stepId: string, attempt: number, use: EgressUse | undefined): void {
    const isNews = use !== undefined && use.requests + use.bytesIn + use.bytesOut > 0;
    const found = isNews ? this.#attemptOf(stepId, attempt) : this.find(stepId, attempt);
    if (found !== undefined && use !== undefined) {
      found.use = use;
    }
  }

  #attemptOf(stepId: string, attempt: number): AttemptEgress {
    const found = this.find(stepId, attempt) ?? { stepId, attempt, denied: new Map() };
    this.#attempts.set(`${stepId} ${attempt}`, found);
    return found;
  }
}

/** What an event and a line about the same refused try have in common. */
export function deniedKey(tried: { readonly host: string; readonly port: number; readonly reason?: string }): string {
  return JSON.stringify([tried.host, tried.port, tried.reason]);
}
