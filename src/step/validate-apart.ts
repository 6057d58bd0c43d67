import { Worker } from "node:worker_threads";
import type { SchemaJob, SchemaReply } from "./schema-job.ts";

/** Of the thread: a document takes some twenty times its text. */
const HEAP = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
/** One folder below `src` or `dist`, like this file, wherever the published program keeps it. */
const WORKER = new URL(`../step/schema-worker.${extension}`, import.meta.url);
const CONDITIONS = extension === "ts" ? ["--conditions=@packrun/source"] : [];

/**
 * Validates in a thread of its own, which is gone when this ends. Throws when the signal is aborted, which ends the
 * thread wherever it is.
 */
export async function validateApart(job: SchemaJob, signal: AbortSignal): Promise<SchemaReply> {
  signal.throwIfAborted();
  const worker = new Worker(WORKER, { workerData: job, env: {}, argv: [], execArgv: CONDITIONS, resourceLimits: HEAP });
  let stop: (() => void) | undefined;
  try {
    return await new Promise<SchemaReply>((resolve, reject) => {
      const end = (problem: string): void => resolve({ kind: "unfinished", problem });
      stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
      signal.addEventListener("abort", stop);
      worker.once("message", resolve);
      worker.once("error", (error) => end(error instanceof Error ? error.message : "its thread broke"));
      worker.once("exit", () => end("its thread ended without an answer"));
    });
  } finally {
    if (stop !== undefined) {
      signal.removeEventListener("abort", stop);
    }
    await worker.terminate();
  }
}
