import { Worker } from "node:worker_threads";
import type { RegoJob, RegoReply } from "./rego-job.ts";

/** Bounds of one job; whatever goes past them is ended and decides nothing. */
export type RegoLimits = {
  /** Milliseconds, the start of the thread included. */
  readonly timeoutMs: number;
  /** Pages of 64 KiB. */
  readonly maxPages: number;
};

/** What a policy gets. @public */
export const REGO_LIMITS: RegoLimits = { timeoutMs: 10_000, maxPages: 2048 };

/** Of the thread's own heap; a module's memory is not in it. */
const HEAP = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
/** One folder below `src` or `dist`, like this file, wherever the published program keeps it. */
const WORKER = new URL(`../policy/rego-worker.${extension}`, import.meta.url);
const CONDITIONS = extension === "ts" ? ["--conditions=@packrun/source"] : [];

/**
 * Carries out one job in a thread of its own, without environment, arguments and standard input. Never throws: a thread
 * that takes too long or too much, or breaks, is a problem. The thread is gone when this resolves.
 */
export async function runRego(job: Omit<RegoJob, "maxPages">, limits: RegoLimits = REGO_LIMITS): Promise<RegoReply> {
  const { timeoutMs, maxPages } = limits;
  const workerData: RegoJob = { ...job, maxPages };
  const worker = new Worker(WORKER, {
    workerData,
    env: {},
    argv: [],
    execArgv: CONDITIONS,
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: HEAP,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<RegoReply>((resolve) => {
      const end = (problem: string): void => resolve({ kind: "problem", problem });
      timer = setTimeout(() => end(`it was not done after ${timeoutMs} ms`), timeoutMs);
      worker.once("message", (reply: RegoReply) => resolve(reply));
      worker.once("error", (error) => end(isOutOfMemory(error) ? "it took too much memory" : messageOf(error)));
      worker.once("exit", () => end("it ended without an answer"));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : "its thread broke";
}
