import { parentPort, workerData } from "node:worker_threads";
import type { Json } from "#canon/json.ts";
import { readJson } from "#canon/strict-json.ts";
import { validateDocument } from "#plan/validate-schema.ts";
import type { SchemaJob, SchemaReply } from "./schema-job.ts";

// A thread of its own, for a pattern of a schema may take for ever on a document that a step made.

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
parentPort?.postMessage(replyTo(workerData as SchemaJob));

function replyTo(job: SchemaJob): SchemaReply {
  const schema = readJson(job.schema, "schema");
  if (!schema.ok) {
    return { kind: "badSchema", problem: schema.fault.message };
  }
  const document = readJson(job.document, "document");
  if (!document.ok) {
    return { kind: "badDocument", problem: document.fault.message };
  }
  try {
    return validateDocument(schema.value as Json, document.value as Json);
  } catch (error) {
    // A document, or a schema that refers to itself, that is too deep for the stack.
    return { kind: "unfinished", problem: error instanceof Error ? error.message : "validation failed" };
  }
}
