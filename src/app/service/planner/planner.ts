import type { Worker } from "node:worker_threads";
import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { never } from "#fault/never.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { plannerCodes } from "./planner-codes.ts";
import type { PlannerAnswers, PlannerJob, PlannerReply } from "./planner-job.ts";

/** Of the thread's heap, in MiB: to plan the largest packs that can be read takes some 900 of them. */
export const PLANNER_HEAP = 1536;

/** When a queue that is full is worth asking again, in seconds. */
const RETRY_SECONDS = 5;

export type PlannerOptions = {
  /** Begins a thread that says `ready` and then answers one job after the other. */
  readonly start: () => Worker;
  /** That one job may take. */
  readonly seconds: number;
  /** Jobs of one tenant that may wait. */
  readonly queue: number;
};

type Waiting = {
  readonly job: PlannerJob;
  readonly urgent: boolean;
  readonly settle: (answer: Result<PlannerAnswers[PlannerJob["kind"]]>) => void;
  readonly throwing: (error: unknown) => void;
};
type Thread = { readonly worker: Worker; isReady: boolean; error?: unknown };

/**
 * Plans packs in a thread of its own, so that nothing that is in a pack keeps those waiting who ask for something else.
 * 1. The thread is started when there is something to do, lives on, and is replaced when it dies. While it has nothing to do,
 *    it keeps no process from ending.
 * 2. One job at a time. Tenants take turns; the jobs of one are done in the order in which they came, urgent ones first.
 * 3. A job that takes too long or too much is ended with the thread, and only that one is lost.
 */
export class Planner implements AsyncDisposable {
  readonly #options: PlannerOptions;
  /** In the order of their turns. */
  readonly #queues = new Map<TenantId, Waiting[]>();
  #thread: Thread | undefined;
  #current: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  /**
   * Has a job done for a tenant. An urgent one is of a run that is driven: it is never turned away. Faults: PLANNER_*. Throws what
   * the job throws.
   */
  async ask<K extends PlannerJob["kind"]>(
    tenant: TenantId,
    job: Extract<PlannerJob, { readonly kind: K }>,
    { urgent = false }: { readonly urgent?: boolean } = {},
  ): Promise<Result<PlannerAnswers[K]>> {
    const queue = this.#queues.get(tenant) ?? [];
    if (!urgent && queue.length >= this.#options.queue) {
      const data = { waiting: queue.length, retryAfterSeconds: RETRY_SECONDS };
      return fail(faultOf(plannerCodes, "PLANNER_FULL", data));
    }
    if (this.#isClosed) {
      return fail(lost("the server is being stopped"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result<PlannerAnswers[PlannerJob["kind"]]>>();
    const waiting: Waiting = { job, urgent, settle: resolve, throwing: reject };
    queue.splice(urgent ? queue.findLastIndex((each) => each.urgent) + 1 : queue.length, 0, waiting);
    this.#queues.set(tenant, queue);
    this.#next();
    return (await promise) as Result<PlannerAnswers[K]>;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const open = [this.#current, ...[...this.#queues.values()].flat()];
    this.#queues.clear();
    this.#current = undefined;
    clearTimeout(this.#timer);
    open.forEach((each) => each?.settle(fail(lost("the server is being stopped"))));
    await this.#drop()?.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Begins the next job that can be begun; those before it that cannot are lost. */
  #next(): void {
    while (this.#current === undefined) {
      this.#current = this.#take();
      if (this.#current === undefined) {
        this.#thread?.worker.unref();
        return;
      }
      try {
        this.#thread ??= this.#start();
      } catch (error) {
        // A host that has no thread to give now may have one for the next.
        this.#settle((waiting) => waiting.settle(fail(endOf(error))));
        continue;
      }
      this.#thread.worker.ref();
      if (this.#thread.isReady) {
        this.#begin(this.#thread, this.#current);
      }
    }
  }

  /** The first job of the tenant whose turn it is, who then goes behind all others. */
  #take(): Waiting | undefined {
    for (const [tenant, queue] of this.#queues) {
      this.#queues.delete(tenant);
      const first = queue.shift();
      if (queue.length > 0) {
        this.#queues.set(tenant, queue);
      }
      if (first !== undefined) {
        return first;
      }
    }
    return undefined;
  }

  #start(): Thread {
    const thread: Thread = { worker: this.#options.start(), isReady: false };
    const isMine = (): boolean => this.#thread === thread;
    thread.worker.on("message", (reply: PlannerReply) => isMine() && this.#hear(thread, reply));
    thread.worker.on("error", (error) => {
      thread.error = error;
    });
    thread.worker.on("exit", () => {
      if (isMine()) {
        this.#drop();
        this.#finish((waiting) => waiting.settle(fail(endOf(thread.error))));
      }
    });
    return thread;
  }

  /** What cannot be copied into the thread, as what is nested too deep for that, is lost; the thread knows nothing of it. */
  #begin({ worker }: Thread, waiting: Waiting): void {
    const { seconds } = this.#options;
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
      worker.postMessage(waiting.job);
    } catch (error) {
      this.#settle(({ settle }) => settle(fail(lost(`it cannot be handed over: ${wordsOf(error)}`))));
      return;
    }
    // An answer that is there already counts, when it was this thread that had no time.
    this.#timer = setTimeout(
      () => setImmediate(() => this.#current === waiting && this.#late(seconds)),
      seconds * 1000,
    );
  }

  #late(seconds: number): void {
    this.#drop()
      ?.terminate()
      .catch(() => undefined);
    this.#finish((waiting) => waiting.settle(fail(faultOf(plannerCodes, "PLANNER_TIME", { seconds }))));
  }

  #hear(thread: Thread, reply: PlannerReply): void {
    switch (reply.kind) {
      case "ready":
        thread.isReady = true;
        if (this.#current !== undefined) {
          this.#begin(thread, this.#current);
          this.#next();
        }
        return;
      case "answer":
        this.#finish((waiting) => waiting.settle(ok(reply.answer)));
        return;
      case "thrown":
        this.#finish((waiting) => waiting.throwing(reply.error));
        return;
      default:
        never(reply);
    }
  }

  #finish(end: (waiting: Waiting) => void): void {
    this.#settle(end);
    this.#next();
  }

  #settle(end: (waiting: Waiting) => void): void {
    const waiting = this.#current;
    clearTimeout(this.#timer);
    this.#current = undefined;
    if (waiting !== undefined) {
      end(waiting);
    }
  }

  /** Forgets the thread, and what it may still say. */
  #drop(): Worker | undefined {
    const worker = this.#thread?.worker;
    this.#thread = undefined;
    return worker;
  }
}

function endOf(error: unknown): Fault {
  if (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return faultOf(plannerCodes, "PLANNER_MEMORY", { mebibytes: PLANNER_HEAP });
  }
  return lost(`the thread ended: ${wordsOf(error)}`);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : "it gave no reason";
}

function lost(problem: string): Fault {
  return faultOf(plannerCodes, "PLANNER_LOST", { problem });
}
