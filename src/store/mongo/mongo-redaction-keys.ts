import { randomBytes } from "node:crypto";
import { fromBase64, toBase64 } from "#canon/base64.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { RedactionKeyStore } from "#port/run-store.ts";
import { inserted, type MongoPlace } from "./mongo-place.ts";
import type { RunOrigins } from "./run-origins.ts";

const LENGTH = 32;

/** Keys as documents `{_id: runId, key}` of a collection of their own, which nothing else needs to read. */
export function mongoRedactionKeys(place: MongoPlace, origins: RunOrigins): RedactionKeyStore {
  return {
    take: async (key) =>
      place.attempt(async () => {
        const origin = await origins.of(key);
        return origin.ok ? take(place, key.runId) : origin;
      }),
    destroy: async (key) =>
      place.attempt(async () => {
        const origin = await origins.of(key);
        if (!origin.ok) {
          return origin;
        }
        await place.collection("keys").deleteOne({ _id: key.runId });
        return ok(undefined);
      }),
  };
}

async function take(place: MongoPlace, runId: string): Promise<Result<Uint8Array>> {
  const collection = place.collection("keys");
  if ((await collection.findOne({ _id: runId })) === null) {
    // Where another process was first, its key counts.
    await inserted(collection, { _id: runId, key: toBase64(randomBytes(LENGTH)) });
  }
  const found = await collection.findOne({ _id: runId });
  const bytes = fromBase64(String(found?.["key"]));
  return bytes?.length === LENGTH
    ? ok(bytes)
    : fail(faultOf(storeCodes, "STORE_CORRUPT", { file: `redaction key of ${runId}`, problem: "it is no key" }));
}
