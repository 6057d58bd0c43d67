import { ObjectId } from "mongodb";
import { faultOf } from "#fault/code-table.ts";
import { ok } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Clock } from "#port/clock.ts";
import { gridKey, inserted, type MongoPlace, type Stored } from "./mongo-place.ts";

/** How often an upload that goes on says so, in milliseconds. */
const BEAT_MS = 300_000;
/** An upload that has said nothing for so long is given up, in milliseconds. */
const GIVEN_UP_MS = 3_600_000;
/** How long an upload that was given up is remembered, in milliseconds: a process that stood still may go on. */
const REMEMBERED_MS = 7 * 86_400_000;

/**
 * Uploads of artifacts that are under way: a document of `pack_artifact_uploads` each, from before the first chunk until its file
 * counts or its chunks are gone. What was cut off is swept.
 * 1. Whether an upload counts is decided by one insertion: the document of its id in `pack_artifact_bytes.files` is either the
 *    file, which the upload writes last, or the mark of who gave it up. So no chunk of a file that counts is ever removed, whatever
 *    clocks say, and an upload that was given up and goes on all the same fails.
 * 2. Chunks are removed only behind such a mark, or by the upload itself before it sends the file or when that was refused.
 */
export class ArtifactUploads {
  readonly #place: MongoPlace;
  readonly #clock: Pick<Clock, "now">;

  constructor(place: MongoPlace, clock: Pick<Clock, "now">) {
    this.#place = place;
    this.#clock = clock;
  }

  /** Before the first chunk; gives the moment at which the upload said that it goes on. */
  async begin(id: ObjectId): Promise<number> {
    const beat = this.#clock.now();
    await this.#place.use(async () => inserted(this.#place.collection("uploads"), { _id: id.toHexString(), beat }));
    return beat;
  }

  /** Before each other chunk; `beat` is the last such moment. Throws a `StoreError` where the upload was given up. */
  async goOn(id: ObjectId, beat: number): Promise<number> {
    const now = this.#clock.now();
    if (now - beat < BEAT_MS) {
      return beat;
    }
    const _id = id.toHexString();
    await this.#place.use(async () => {
      const known = await this.#place.collection("uploads").findOne({ _id });
      if (known === null || known["swept"] !== undefined) {
        throw givenUp();
      }
      await this.#place.collection("uploads").updateOne({ _id }, { $set: { beat: now } });
    });
    return now;
  }

  /**
   * Whether the file that it was to become is there after all, when it could not be inserted: the driver may have sent it twice.
   * Throws a `StoreError` where the upload was given up.
   */
  async counts(id: ObjectId): Promise<boolean> {
    const there = await this.#place.use(async () => this.#place.collection("bytesFiles").findOne({ _id: gridKey(id) }));
    if (there?.["swept"] === true) {
      throw givenUp();
    }
    return there !== null;
  }

  /** When the answer to that insertion was lost: it may have been carried out, or be on its way. What fails is left to a sweep. */
  async giveUp(id: ObjectId): Promise<void> {
    await this.#place.attempt(async () => ok(await this.#giveUp({ _id: id.toHexString() }, this.#clock.now())));
  }

  /** When nothing is left of it but what counts. What fails is left to a sweep. */
  async end(id: ObjectId): Promise<void> {
    const mine = { _id: id.toHexString(), swept: { $exists: false } };
    await this.#place.attempt(async () => ok(await this.#place.collection("uploads").deleteOne(mine)));
  }

  /** Gives up what has stood still; how many chunks were removed. Any number of processes may sweep at once. */
  async sweep(): Promise<number> {
    const now = this.#clock.now();
    return this.#place.use(async () => {
      let count = 0;
      for await (const upload of this.#place.collection("uploads").find({ beat: { $lt: now - GIVEN_UP_MS } })) {
        count += upload["swept"] === undefined ? await this.#giveUp(upload, now) : await this.#forget(upload, now);
      }
      return count;
    });
  }

  async #giveUp({ _id }: Stored, now: number): Promise<number> {
    const id = ObjectId.createFromHexString(_id);
    const empty = { filename: `swept/${_id}`, length: 0, chunkSize: 1, uploadDate: new Date(now) };
    const mark = { _id: gridKey(id), ...empty, swept: true };
    if (!(await inserted(this.#place.collection("bytesFiles"), mark)) && !(await this.#isMarked(id))) {
      // It counts; its process ended before it could say so.
      await this.#place.collection("uploads").deleteOne({ _id });
      return 0;
    }
    const removed = await this.#removeChunks(id);
    await this.#place.collection("uploads").updateOne({ _id }, { $set: { swept: now } });
    return removed;
  }

  async #forget({ _id, swept }: Stored, now: number): Promise<number> {
    if (now - Number(swept) < REMEMBERED_MS) {
      return 0;
    }
    const id = ObjectId.createFromHexString(_id);
    const removed = await this.#removeChunks(id);
    await this.#place.collection("bytesFiles").deleteOne({ _id: gridKey(id), swept: true });
    await this.#place.collection("uploads").deleteOne({ _id });
    return removed;
  }

  async #isMarked(id: ObjectId): Promise<boolean> {
    return (await this.#place.collection("bytesFiles").findOne({ _id: gridKey(id) }))?.["swept"] === true;
  }

  async #removeChunks(id: ObjectId): Promise<number> {
    return (await this.#place.collection("bytesChunks").deleteMany({ files_id: id })).deletedCount;
  }
}

function givenUp(): StoreError {
  const problem = "an upload stood still for an hour and was given up";
  return new StoreError(faultOf(storeCodes, "STORE_UNAVAILABLE", { problem }, { hint: "send the bytes again" }));
}
