import { equalBytes } from "#canon/bytes.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { RunKey } from "#port/run-store.ts";
import { isRunFilePath } from "#run/run-file.ts";
import { heldBytes, holdBytes } from "./held-bytes.ts";
import type { MongoPlace } from "./mongo-place.ts";
import type { Origin } from "./run-origins.ts";

type Born = Pick<Origin, "birth"> & { readonly identity: RunKey };

/** Small files of runs, each a document with the id `<run>/<birth>/<path>`. */
export class RunFiles {
  readonly #place: MongoPlace;

  constructor(place: MongoPlace) {
    this.#place = place;
  }

  async put({ identity: { runId, tenantId }, birth }: Born, path: string, bytes: Uint8Array): Promise<Result<void>> {
    if (!isRunFilePath(path)) {
      return fail(faultOf(storeCodes, "FILE_PATH", { path }));
    }
    const collection = this.#place.collection("files");
    const id = `${runId}/${birth}/${path}`;
    if (await holdBytes(collection, id, { runId, tenantId, path }, bytes)) {
      return ok(undefined);
    }
    const there = await collection.findOne({ _id: id });
    const same = there !== null && equalBytes(await heldBytes(collection, there), bytes);
    return same ? ok(undefined) : fail(faultOf(storeCodes, "FILE_CONFLICT", { path }));
  }

  async get({ identity: { runId }, birth }: Born, path: string): Promise<Result<Uint8Array>> {
    if (!isRunFilePath(path)) {
      return fail(faultOf(storeCodes, "FILE_PATH", { path }));
    }
    const collection = this.#place.collection("files");
    const found = await collection.findOne({ _id: `${runId}/${birth}/${path}` });
    return found === null
      ? fail(faultOf(storeCodes, "FILE_MISSING", { runId, path }))
      : ok(await heldBytes(collection, found));
  }

  /** The digest that stands beside the bytes: those that are not of it are not read either. */
  async mark({ identity: { runId }, birth }: Born, path: string): Promise<Result<string>> {
    if (!isRunFilePath(path)) {
      return fail(faultOf(storeCodes, "FILE_PATH", { path }));
    }
    const id = `${runId}/${birth}/${path}`;
    const found = await this.#place.collection("files").findOne({ _id: id }, { projection: { sha256: 1 } });
    return found === null ? fail(faultOf(storeCodes, "FILE_MISSING", { runId, path })) : ok(String(found["sha256"]));
  }
}
