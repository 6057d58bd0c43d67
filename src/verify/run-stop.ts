import type { Plan, PlanNode } from "#plan/plan.ts";
import type { LedgerEvent } from "#run/event.ts";
import { WALL_CLOCK_COMMAND } from "#run/evolve.ts";
import { order, type At, type Disorder } from "./attempt-rules.ts";

/**
 * What ends the beginning of things, as the ledger tells it: in `steps` a cancel, a drift, the wall clock, or a failure
 * where the failure policy is `drain` or `cancel`; in `finally` a drift, or a cancel once there was one before and
 * `finally` was reached.
 */
export class RunStop {
  readonly #stopsOnFailure: boolean;
  readonly #last: ReadonlySet<string>;
  readonly #isMainOver: () => boolean;
  #main: string | undefined;
  #finally: string | undefined;
  #cancelled = false;

  constructor(plan: Plan, isMainOver: () => boolean) {
    this.#stopsOnFailure = plan.failurePolicy.onFailure !== "skip-dependents";
    this.#last = new Set(plan.finally.map((node) => node.id));
    this.#isMainOver = isMainOver;
  }

  isLast(node: PlanNode): boolean {
    return this.#last.has(node.id);
  }

  /** An event of the run as a whole. */
  take(event: LedgerEvent): void {
    if (event.eventType === "plan.drift") {
      this.#main ??= "the plan drifted";
      this.#finally ??= "the plan drifted";
    } else if (event.eventType === "run.cancelRequested") {
      const byClock = event.metadata.commandId === WALL_CLOCK_COMMAND;
      if (this.#cancelled && !byClock && this.#isMainOver()) {
        this.#finally ??= "finally was cancelled";
      }
      this.#main ??= byClock ? "the wall clock ran out" : "the run was cancelled";
      this.#cancelled = true;
    }
  }

  /** An instance failed by an event of its own; `isShielded`: by itself or by a container around it. */
  fail({ id, record }: At, isShielded: boolean): void {
    if (this.#stopsOnFailure && !isShielded && !this.isLast(record.node)) {
      this.#main ??= `${id} failed`;
    }
  }

  /** Why nothing may begin any more where this instance is. */
  problemOf(id: string, node: PlanNode): Disorder | undefined {
    const why = this.isLast(node) ? this.#finally : this.#main;
    return why === undefined ? undefined : order(`${id} goes on although ${why}`);
  }
}
