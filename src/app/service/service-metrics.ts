import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { millisecondsOf } from "#canon/timestamp.ts";
import type { RunRow } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { RunState } from "#run/state.ts";
import { SECONDS } from "#view/slo-rules.ts";

const STEP_SECONDS = [0.05, 0.1, 0.5, ...SECONDS.filter((bound) => bound <= 7200)];
/** Bytes: from 1 MiB to 64 GiB, by fours. */
const BYTES = Array.from({ length: 9 }, (_, at) => 2 ** 20 * 4 ** at);

/**
 * What a process counts of what it writes of runs, and what it sees of the queue, for Prometheus. `pack` is the only label
 * that grows, and it grows with the packs that are used: no run, step or person is ever a label.
 */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #runs: Counter<"status">;
  readonly #runSeconds: Histogram<"pack">;
  readonly #stepSeconds: Histogram<"pack">;
  readonly #retries: Counter<"pack">;
  readonly #depth: Gauge<"pack">;
  readonly #oldest: Gauge;
  readonly #approvalSeconds: Histogram<"pack">;
  readonly #leases: Counter;
  readonly #denied: Counter;
  readonly #mismatches: Counter;
  readonly #cpuSeconds: Histogram<"pack">;
  readonly #rssBytes: Histogram<"pack">;

  constructor() {
    const registers = [this.#registry];
    const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
      new Counter({ name, help, labelNames, registers });
    const histogram = (name: string, help: string, buckets: readonly number[]): Histogram<"pack"> =>
      new Histogram({ name, help, labelNames: ["pack"] as const, buckets: [...buckets], registers });
    const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
      new Gauge({ name, help, labelNames, registers });
    this.#runs = counter("packrun_runs_total", "Runs that ended, by status", "status");
    this.#runSeconds = histogram("packrun_run_duration_seconds", "From the start of a run to its end", SECONDS);
    this.#stepSeconds = histogram("packrun_step_duration_seconds", "How long attempts of steps took", STEP_SECONDS);
    this.#retries = counter("packrun_step_retries_total", "Attempts that were followed by another", "pack");
    this.#depth = gauge("packrun_queue_depth", "Runs that wait to begin", "pack");
    this.#oldest = gauge("packrun_queue_oldest_seconds", "How long the oldest of them waits that could have begun");
    this.#approvalSeconds = histogram(
      "packrun_approval_wait_seconds",
      "From the opening of a gate to its end",
      SECONDS,
    );
    this.#leases = counter(
      "packrun_lease_expired_total",
      "Leases that were lost while a run was driven, or left behind by a process that died",
    );
    this.#denied = counter("packrun_egress_denied_total", "Connections of steps that the egress rules denied");
    this.#mismatches = counter("packrun_plan_mismatch_total", "Plans that drifted, or were not what had been approved");
    this.#cpuSeconds = histogram("packrun_step_cpu_seconds", "CPU time of attempts of steps", STEP_SECONDS);
    this.#rssBytes = histogram("packrun_step_max_rss_bytes", "Most memory that an attempt of a step held", BYTES);
  }

  /** Events that this process has just written together, of a run that now is in this state. */
  count(events: readonly LedgerEvent[], state: RunState): void {
    const { name } = state.plan.pack;
    events.forEach((event) => this.#count(event, name));
    // Whoever takes a run over finds all attempts that were left behind at once.
    if (events.some(({ eventType }) => eventType === "step.lost")) {
      this.#leases.inc();
    }
    if (events.some(({ eventType }) => eventType === "run.finished")) {
      this.#countEnd(state);
    }
  }

  #countEnd(state: RunState): void {
    const { pack } = state.plan;
    const { startedAt = state.createdAt, finishedAt } = state;
    if (startedAt === undefined || finishedAt === undefined) {
      return;
    }
    this.#runSeconds.observe({ pack: pack.name }, (finishedAt - startedAt) / 1000);
    // Whoever records a decision may end a gate without driving the run: gates are counted with their run.
    for (const [stepId, { opened }] of Object.entries(state.gates)) {
      const { endedAt } = state.steps[stepId] ?? {};
      if (opened !== undefined && endedAt !== undefined) {
        this.#approvalSeconds.observe({ pack: pack.name }, (endedAt - opened.at) / 1000);
      }
    }
  }

  leaseExpired(): void {
    this.#leases.inc();
  }

  planMismatch(): void {
    this.#mismatches.inc();
  }

  /** The text that Prometheus reads; the queue is as these rows say. */
  async text(
    unfinished: readonly RunRow[],
    now: number,
  ): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#depth.reset();
    let oldest = now;
    for (const { status, queue, packName, createdAt } of unfinished) {
      if (status !== "pending" || queue === undefined) {
        continue;
      }
      this.#depth.inc({ pack: packName });
      oldest = Math.min(
        oldest,
        Math.max(millisecondsOf(createdAt) ?? now, millisecondsOf(queue.scheduledAt ?? "") ?? 0),
      );
    }
    this.#oldest.set((now - oldest) / 1000);
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #count({ eventType, metadata }: LedgerEvent, pack: string): void {
    if (eventType === "run.finished") {
      this.#runs.inc({ status: metadata.status });
    } else if (eventType === "step.retry") {
      this.#retries.inc({ pack });
    } else if (eventType === "egress.denied") {
      this.#denied.inc();
    } else if (eventType === "plan.drift") {
      this.#mismatches.inc();
    } else if (eventType === "step.succeeded" || eventType === "step.failed") {
      this.#countStep(metadata, pack);
    }
  }

  #countStep({ durationMs, usage, ...more }: StepEnd, pack: string): void {
    if (more.reusedFrom !== undefined) {
      return;
    }
    this.#stepSeconds.observe({ pack }, durationMs / 1000);
    if (usage?.cpuMs !== undefined) {
      this.#cpuSeconds.observe({ pack }, usage.cpuMs / 1000);
    }
    if (usage?.memoryPeakBytes !== undefined) {
      this.#rssBytes.observe({ pack }, usage.memoryPeakBytes);
    }
  }
}

type StepEnd = {
  readonly durationMs: number;
  readonly reusedFrom?: string;
  readonly usage?: { readonly cpuMs?: number; readonly memoryPeakBytes?: number };
};
