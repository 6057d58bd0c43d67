import t from "tap";
import { batches } from "./batches.ts";
import { runBatch } from "./run-batch.ts";

await runBatch(t, batches.sandbox);
