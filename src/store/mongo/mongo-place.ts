import { MongoClient, MongoError, type Collection, type Db, type ObjectId, type UpdateFilter } from "mongodb";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import { collectionNames, indexesOf, type MongoCollections } from "./collections.ts";
import { redactAddress, withoutUserInfo } from "#fault/redact-address.ts";

export type MongoAddress = {
  /** `mongodb://…` or `mongodb+srv://…`; may hold a password, which no message repeats. */
  readonly connectionString: string;
  readonly database: string;
  readonly collections?: Partial<MongoCollections>;
};

/** A document as it is stored here: every id is a text. */
export type Stored = { readonly [name: string]: unknown; readonly _id: string };

/** An id of GridFS as the key of a document: those are of the driver's own kind, and all others texts. */
export function gridKey(id: ObjectId): string {
  return id as unknown as string;
}

const DUPLICATE_KEY = 11_000;
/** OutOfDiskSpace, and what a document that is too large is refused with. */
const FULL = new Set([14_031, 10_334]);
const FULL_WORDS = /disk is full|out of disk|no space left|disk space|quota|object to insert too large|bsonobj size/i;
/** How long the server may be away, or silent, before an operation ends, in milliseconds: well within a lease. */
const PATIENCE = { serverSelectionTimeoutMS: 4000, connectTimeoutMS: 4000, socketTimeoutMS: 10_000 };

/**
 * One database of a MongoDB server, or of one that speaks its protocol.
 * 1. Nothing is asked of the server before something is wanted of it; then its indexes are made first.
 * 2. Every write waits for the majority of a replica set and for the journal: what was acknowledged is never lost, so no
 *    document can be there without those that were written before it.
 * 3. Errors of the driver leave `use` as a `StoreError`; no message has user or password of the address.
 */
export class MongoPlace {
  readonly #client: MongoClient;
  readonly #db: Db;
  readonly #names: MongoCollections;
  readonly #address: string;
  readonly #running = new Set<Promise<unknown>>();
  #ready: Promise<void> | undefined;
  #closed = false;

  private constructor(client: MongoClient, { connectionString, database, collections }: MongoAddress) {
    this.#client = client;
    this.#db = client.db(database);
    this.#names = { ...collectionNames, ...collections };
    this.#address = connectionString;
  }

  /** STORE_UNAVAILABLE for an address that is none. */
  static at(address: MongoAddress): Result<MongoPlace> {
    try {
      const own = Object.entries(PATIENCE).filter(
        ([name]) => !new RegExp(`[?&]${name}=`, "i").test(address.connectionString),
      );
      const client = new MongoClient(address.connectionString, {
        ...Object.fromEntries(own),
        appName: "packrun",
        ignoreUndefined: true,
        writeConcern: { w: "majority", journal: true },
        readConcern: { level: "majority" },
      });
      return ok(new MongoPlace(client, address));
    } catch {
      // What the driver says of an address may repeat it.
      const problem = "its address is no MongoDB connection string";
      return fail(faultOf(storeCodes, "STORE_UNAVAILABLE", { problem }, { hint: hintFor("the server") }));
    }
  }

  /** The address without user and password, and the database. */
  get name(): string {
    return `${redactAddress(this.#address)}, database ${this.#db.databaseName}`;
  }

  collection(name: keyof MongoCollections): Collection<Stored> {
    return this.#db.collection<Stored>(this.#names[name]);
  }

  /** Runs work once the indexes are there. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw new StoreError(faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: "it was closed" }));
    }
    const running = this.#worked(work);
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw new StoreError(this.faultOf(error));
    } finally {
      this.#running.delete(running);
    }
  }

  /** The same where the caller has a `Result`. */
  async attempt<T>(work: () => Promise<Result<T>>): Promise<Result<T>> {
    try {
      return await this.use(work);
    } catch (error) {
      return fail(this.faultOf(error));
    }
  }

  /** The fault that an error of the driver stands for; an error of another kind is a bug and is thrown on. */
  faultOf(error: unknown): Fault {
    if (error instanceof StoreError) {
      return error.fault;
    }
    if (!(error instanceof MongoError) && !isOfSocket(error)) {
      throw error;
    }
    const problem = withoutUserInfo(error.message, this.#address);
    return FULL.has(Number(error.code)) || FULL_WORDS.test(problem)
      ? faultOf(storeCodes, "STORE_FULL", { problem })
      : faultOf(storeCodes, "STORE_UNAVAILABLE", { problem }, { hint: hintFor(redactAddress(this.#address)) });
  }

  /** Waits for what is on its way: a client that was closed and is asked once more connects again. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
    await this.#client.close();
  }

  async #worked<T>(work: () => Promise<T>): Promise<T> {
    await (this.#ready ??= this.#makeIndexes());
    return work();
  }

  /** One after the other: FerretDB 1.24 breaks off where several of a collection are there already. */
  async #makeEach({ name, indexes }: ReturnType<typeof indexesOf>[number]): Promise<void> {
    for (const { key, unique = false } of indexes) {
      await this.#db.collection(name).createIndex(key, { unique }, {});
    }
  }

  async #makeIndexes(): Promise<void> {
    try {
      // All of them would fail at once, and most of them without the reason.
      await this.#client.connect();
      await Promise.all(indexesOf(this.#names).map((each) => this.#makeEach(each)));
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }
}

/** Members to write and members to remove. */
export function change(set: Readonly<Record<string, unknown>>, unset: readonly string[] = []): UpdateFilter<Stored> {
  const removed = Object.fromEntries(unset.map((name) => [name, ""]));
  return {
    ...(Object.keys(set).length === 0 ? {} : { $set: set }),
    ...(unset.length === 0 ? {} : { $unset: removed }),
  } as UpdateFilter<Stored>;
}

/** False where a document of one of its unique keys is there already: nothing was written then. */
export async function inserted(collection: Collection<Stored>, document: Stored): Promise<boolean> {
  return insertedAll(collection, [document]);
}

/** False at the first document that has a key of one that is there; those before it were written. */
export async function insertedAll(collection: Collection<Stored>, documents: readonly Stored[]): Promise<boolean> {
  try {
    await collection.insertMany([...documents], { ordered: true });
    return true;
  } catch (error) {
    if (error instanceof MongoError && error.code === DUPLICATE_KEY) {
      return false;
    }
    throw error;
  }
}

/** Errors of a connection that just ended come through the driver as they are. */
function isOfSocket(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && /^E[A-Z]+$/.test(String(error.code));
}

function hintFor(address: string): string {
  return `check that ${address} can be reached and that its user may read and write the database; what was recorded is whole`;
}
