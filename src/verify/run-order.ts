import type { Sha256 } from "#canon/digest.ts";
import type { Plan } from "#plan/plan.ts";
import type { LedgerEvent, Metadata } from "#run/event.ts";
import {
  beginAttempt,
  endAttempt,
  loseAttempt,
  notInPlan,
  order,
  retryAttempt,
  reuse,
  settle,
  type At,
  type Disorder,
} from "./attempt-rules.ts";
import { expandMap, judgePolicy, takeGate } from "./gate-rules.ts";
import { indicesOf, instanceOf, templateOf, type PlanTree } from "./plan-tree.ts";
import { RunStop } from "./run-stop.ts";
import { StepRecords } from "./step-record.ts";

/**
 * Holds a ledger to its plan, event by event:
 * 1. what happens is in the plan, and in the expansions that were recorded;
 * 2. nothing begins before everything that it needs, and that its containers need, lets it;
 * 3. attempts follow each other one by one, each begins once and ends once;
 * 4. a gate opens, is decided and ends once; what is behind it begins only after it has passed;
 * 5. nothing begins once the run was stopped.
 * It takes nothing from the engine that wrote the ledger.
 */
export class RunOrder {
  readonly records: StepRecords;
  readonly #tree: PlanTree;
  readonly #plan: Plan;
  readonly #sha256: Sha256;
  readonly #stage = { created: false, verified: false, started: false, finished: false };
  /** How many the expansions so far have made. */
  #instances = 0;
  /** Top-level nodes of `steps` that are known to be over. */
  #over = 0;
  readonly #stop: RunStop;

  constructor(plan: Plan, tree: PlanTree, sha256: Sha256) {
    this.#plan = plan;
    this.#tree = tree;
    this.#sha256 = sha256;
    this.records = new StepRecords(tree);
    this.#stop = new RunStop(plan, () => this.#isMainOver());
  }

  /** The first thing that is wrong with the next event. */
  take(event: LedgerEvent): Disorder | undefined {
    const stage = this.#stage;
    if (stage.finished) {
      return order(`${event.eventType} follows run.finished`);
    }
    if (stage.created === (event.eventType === "run.created")) {
      return order(stage.created ? "run.created comes twice" : "run.created is not the first event");
    }
    if (event.stepId === undefined) {
      return this.#takeRun(event);
    }
    const record = this.records.record(event.stepId);
    if (record !== undefined) {
      return this.#takeStep(event, { id: event.stepId, record });
    }
    return this.#takeUnknown(event, event.stepId);
  }

  /** A refusal may name a gate that does not exist; a step may be taken over before its map is expanded. */
  #takeUnknown(event: LedgerEvent, id: string): Disorder | undefined {
    const node = this.#tree.nodes.get(templateOf(id));
    const isEarly = event.eventType === "step.succeeded" && event.metadata.reusedFrom !== undefined;
    if (isEarly && node?.kind === "run") {
      this.records.takeOverLater(id);
      return undefined;
    }
    const stopped = node !== undefined && isBeginning(event) ? this.#stop.problemOf(id, node) : undefined;
    if (stopped !== undefined) {
      return stopped;
    }
    return event.eventType === "gate.refused"
      ? undefined
      : notInPlan(`${event.eventType} names ${id}, which the plan does not have`);
  }

  #takeRun(event: LedgerEvent): Disorder | undefined {
    const stage = this.#stage;
    this.#stop.take(event);
    if (event.eventType === "run.created") {
      stage.created = true;
    } else if (event.eventType === "plan.verified") {
      stage.verified = true;
    } else if (event.eventType === "run.started") {
      if (stage.started || !stage.verified) {
        return order(stage.started ? "run.started comes twice" : "run.started comes before plan.verified");
      }
      stage.started = true;
    } else if (event.eventType === "run.finished") {
      stage.finished = true;
      return this.#unended();
    }
    return undefined;
  }

  /** A run is over only when every step is. */
  #unended(): Disorder | undefined {
    for (const [id] of this.records.instances()) {
      if (this.records.finalStatusOf(id) === undefined) {
        return order(`run.finished comes before the end of ${id}`);
      }
    }
    return undefined;
  }

  #takeStep(event: LedgerEvent, at: At): Disorder | undefined {
    const stopped = isBeginning(event) ? this.#stop.problemOf(at.id, at.record.node) : undefined;
    // An attempt that starts all the same runs from then on.
    const wrong = stopped === undefined || event.eventType === "step.started" ? this.#takeOne(event, at) : undefined;
    if (stopped !== undefined) {
      return stopped;
    }
    if (wrong === undefined && at.record.status === "failed") {
      const around = [...this.records.around(at.id)];
      this.#stop.fail(at, at.record.node.continueOnError || around.some(([, node]) => node.continueOnError));
    }
    return wrong;
  }

  #takeOne(event: LedgerEvent, at: At): Disorder | undefined {
    switch (event.eventType) {
      case "step.started":
        return this.#begin(at, event.attempt ?? 0);
      case "step.succeeded":
        return event.metadata.reusedFrom === undefined
          ? endAttempt(at, event.attempt, "succeeded")
          : reuse(at, event.attempt);
      case "step.failed":
        at.record.reason = event.metadata.reason;
        return endAttempt(at, event.attempt, "failed");
      case "step.lost":
        return loseAttempt(at, event.attempt);
      case "step.retry":
        return retryAttempt(at, event.attempt);
      case "step.cancelled":
        at.record.reason = event.metadata.reason;
        return settle(at, "cancelled");
      case "step.skipped":
        return this.#skip(at, event.metadata.reason);
      case "map.expanded":
        return this.#blockOf(at) ?? this.#expand(at, event.metadata);
      case "policy.evaluated":
        return this.#blockOf(at) ?? judgePolicy(at, event.metadata, this.#plan);
      case "gate.opened":
        return this.#blockOf(at) ?? takeGate(event, at);
      case "gate.decision":
      case "gate.refused":
      case "gate.passed":
      case "gate.rejected":
      case "gate.expired":
        return takeGate(event, at);
      case "step.output":
      case "step.artifact":
      case "sandbox.enforced":
      case "egress.denied":
      case "secret.resolved":
        return at.record.node.kind === "run" && at.record.stage === "running" && at.record.attempt === event.attempt
          ? undefined
          : order(`${event.eventType} of ${at.id} comes outside its attempt`);
      case "run.created":
      case "run.started":
      case "run.resumed":
      case "run.waiting":
      case "run.cancelRequested":
      case "run.finished":
      case "plan.verified":
      case "plan.drift":
      case "lease.acquired":
      case "evidence.snapshot":
      case "incident.opened":
      case "incident.closed":
        return order(`${event.eventType} names a step`);
    }
  }

  #begin(at: At, attempt: number): Disorder | undefined {
    const wrong = beginAttempt(at, attempt) ?? this.#blockOf(at);
    at.record.stage = "running";
    at.record.attempt = attempt;
    return wrong;
  }

  #expand(at: At, found: Metadata<"map.expanded">): Disorder | undefined {
    const perItem = this.#tree.perItem.get(at.record.node.id) ?? 0;
    const wrong = expandMap(at, found, { instances: this.#instances, perItem, sha256: this.#sha256 });
    this.#instances += wrong === undefined ? found.count * perItem : 0;
    return wrong;
  }

  #skip(at: At, reason: string): Disorder | undefined {
    const { node, status, stage } = at.record;
    if (status !== undefined || stage === "running" || stage === "lost") {
      return order(`${at.id} is skipped after it had begun`);
    }
    if (reason === "WHEN_FALSE" && !("when" in node && node.when !== undefined && node.when !== true)) {
      return order(`${at.id} is skipped by a condition that it does not have`);
    }
    if (reason === "UPSTREAM_FAILED" && this.#blockOf(at) === undefined) {
      return order(`${at.id} is skipped although nothing that it needs has failed`);
    }
    at.record.reason = reason;
    return settle(at, "skipped");
  }

  /** Why this may not begin now: something before it, or before a container around it, does not let it. */
  #blockOf(at: At): Disorder | undefined {
    if (!this.#stage.started) {
      return order(`${at.id} begins before run.started`);
    }
    const path = [[at.id, at.record.node] as const, ...this.records.around(at.id)];
    const isLast = this.#stop.isLast(at.record.node);
    if (isLast && !this.#isMainOver()) {
      return order(`${at.id} begins before the steps ahead of finally are over`);
    }
    for (const [id, node] of path) {
      const status = this.records.record(id)?.status;
      if (status !== undefined || ("when" in node && node.when === false)) {
        return order(`${at.id} begins although ${id} is ${status ?? "switched off"}`);
      }
      const ahead = node.needs.map((need) => instanceOf(need, indicesOf(id)));
      const waits = ahead.find((needed) => !this.#letsPass(needed, isLast && node.parent === null));
      if (waits !== undefined) {
        return order(`${at.id} begins before ${waits} lets it`);
      }
    }
    return undefined;
  }

  /** What was skipped by its own condition, or may fail, holds nobody up; in `finally` no end does. */
  #letsPass(needed: string, anyEnd: boolean): boolean {
    const status = this.records.statusOf(needed);
    const record = this.records.record(needed);
    if (status === "skipped") {
      return anyEnd || record?.reason === "WHEN_FALSE";
    }
    return status === "failed" || status === "cancelled"
      ? anyEnd || record?.node.continueOnError === true
      : status === "succeeded";
  }

  #isMainOver(): boolean {
    const { roots } = this.#tree;
    for (let root = roots[this.#over]; root !== undefined; root = roots[this.#over]) {
      if (this.records.finalStatusOf(root.id) === undefined) {
        return false;
      }
      this.#over += 1;
    }
    return true;
  }
}

/** What the engine does only while the run goes on; ends, and what people sent, may come later. */
function isBeginning({ eventType }: LedgerEvent): boolean {
  return BEGINNINGS.has(eventType);
}

const BEGINNINGS: ReadonlySet<string> = new Set([
  "step.started",
  "step.retry",
  "map.expanded",
  "gate.opened",
  "gate.passed",
  "policy.evaluated",
]);
