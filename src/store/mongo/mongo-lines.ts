import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { LineStore, RunKey } from "#port/run-store.ts";
import { isRunLinesName } from "#run/run-file.ts";
import type { Turns } from "#store/process/turns.ts";
import { heldBytes, holdBytes } from "./held-bytes.ts";
import type { MongoPlace } from "./mongo-place.ts";
import type { RunOrigins } from "./run-origins.ts";

const NEWLINE = 0x0a;

type LinesGround = { readonly place: MongoPlace; readonly origins: RunOrigins; readonly queue: Turns };

/**
 * Lines as documents `<run>/<name>/<start>`, one for each append: it begins at the byte at which the one before it ends, so two
 * writers can never both append at one place, and the lines of one append are there together or not at all.
 */
export function mongoLines({ place, origins, queue }: LinesGround): LineStore {
  /** Where the lines end, as far as this process has seen: a place that is taken meanwhile shows that there are more. */
  const ends = new Map<string, number>();
  const known = async (key: RunKey, name: string): Promise<Result<void>> => {
    const origin = await origins.of(key);
    if (!origin.ok) {
      return origin;
    }
    return isRunLinesName(name) ? ok(undefined) : fail(faultOf(storeCodes, "FILE_PATH", { path: name }));
  };
  const append = async (key: RunKey, name: string, lines: Uint8Array, behind?: number): Promise<Result<void>> => {
    const where = `${key.runId}/${name}`;
    const lost = fail(faultOf(storeCodes, "LEASE_LOST", { runId: key.runId }));
    let end = ends.get(where);
    for (;;) {
      if (end === undefined || lines.length === 0 || (behind !== undefined && behind !== end)) {
        end = await endOf(place, key, name);
      }
      if (behind !== undefined && behind !== end) {
        return lost;
      }
      if (lines.length === 0) {
        return ok(undefined);
      }
      const about = { runId: key.runId, tenantId: key.tenantId, name, start: end, end: end + lines.length };
      if (await holdBytes(place.collection("lines"), `${where}/${end}`, about, lines)) {
        ends.set(where, end + lines.length);
        return ok(undefined);
      }
      ends.delete(where);
      end = undefined;
    }
  };
  return {
    append: async (key, name, lines, { behind }) => {
      if (lines.length > 0 && lines.at(-1) !== NEWLINE) {
        throw new Error(`the lines for ${name} do not end with a newline`);
      }
      return queue.take(`${key.runId}/${name}`, async () =>
        place.attempt(async () => {
          const there = await known(key, name);
          return there.ok ? append(key, name, lines, behind) : there;
        }),
      );
    },
    read: (key, name, from = 0) => readLines(place, async () => known(key, name), { key, name, from }),
  };
}

async function* readLines(
  place: MongoPlace,
  known: () => Promise<Result<void>>,
  { key, name, from }: { readonly key: RunKey; readonly name: string; readonly from: number },
): AsyncGenerator<Uint8Array> {
  const there = await place.use(known);
  if (!there.ok) {
    throw new StoreError(there.fault);
  }
  const collection = place.collection("lines");
  try {
    const found = collection.find({ runId: key.runId, name, end: { $gt: from } }).sort({ start: 1 });
    for await (const document of found) {
      const bytes = await heldBytes(collection, document);
      yield bytes.subarray(Math.max(0, from - Number(document["start"])));
    }
  } catch (error) {
    throw new StoreError(place.faultOf(error));
  }
}

async function endOf(place: MongoPlace, { runId }: RunKey, name: string): Promise<number> {
  const [last] = await place.collection("lines").find({ runId, name }).sort({ start: -1 }).limit(1).toArray();
  return Number(last?.["end"] ?? 0);
}
