import { createHash } from "node:crypto";
import { chmod, mkdir, open, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { Binary, ObjectId } from "mongodb";
import { digestOfHex, isDigest, type Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import { systemCode, systemProblem } from "#fault/system-problem.ts";
import type { ArtifactStore, StoredArtifact } from "#port/artifact-store.ts";
import type { Clock } from "#port/clock.ts";
import { ArtifactUploads } from "./artifact-uploads.ts";
import { bytesOf } from "./held-bytes.ts";
import { gridKey, inserted, type MongoPlace, type Stored } from "./mongo-place.ts";

/** The size of a chunk that drivers choose (GridFS specification). */
const CHUNK = 255 * 1024;
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/**
 * Artifacts in GridFS (github.com/mongodb/specifications, gridfs): `pack_artifact_bytes.chunks` under a random id each, and then the one
 * document `<tenant>/<digest>` in `pack_artifact_bytes.files` that makes them count. Its name is unique: bytes that are there
 * already are not kept twice. Tenants share nothing, not even equal bytes. `ArtifactUploads` sees to what cut off uploads leave.
 */
export function mongoArtifactStore(place: MongoPlace, clock: Pick<Clock, "now">): ArtifactStore {
  const uploads = new ArtifactUploads(place, clock);
  const find = async (tenant: TenantId, digest: Digest): Promise<Stored | null> =>
    place.use(async () => place.collection("bytesFiles").findOne({ filename: nameOf(tenant, digest) }));
  const read = async function* read(tenant: TenantId, digest: Digest): AsyncGenerator<Uint8Array> {
    const file = isDigest(digest) ? await find(tenant, digest) : null;
    if (file === null) {
      throw new StoreError(faultOf(storeCodes, "ARTIFACT_MISSING", { digest }));
    }
    yield* checkedChunks(place, file, digest);
  };
  return {
    put: async (tenant, bytes) => {
      const upload = new Upload(place, uploads);
      try {
        for await (const chunk of bytes) {
          await upload.add(chunk);
        }
        return ok(await upload.finish(tenant));
      } catch (error) {
        await upload.abandon();
        if (error instanceof StoreError) {
          return fail(error.fault);
        }
        throw error;
      }
    },
    has: async (tenant, digest) => isDigest(digest) && (await find(tenant, digest)) !== null,
    open: read,
    stage: async (tenant, digest, path, executable) => {
      try {
        return await stage(read(tenant, digest), path, executable ? 0o555 : 0o444);
      } catch (error) {
        return fail(stagingFault(error));
      }
    },
    sweep: () => uploads.sweep(),
  };
}

/** One stream of bytes on its way into GridFS: never more than a chunk of it is in memory. */
class Upload {
  readonly #place: MongoPlace;
  readonly #uploads: ArtifactUploads;
  readonly #id = new ObjectId();
  readonly #hash = createHash("sha256");
  readonly #chunk = Buffer.allocUnsafe(CHUNK);
  #filled = 0;
  #count = 0;
  #beat = 0;
  /** The file was sent, and nobody knows whether it counts. */
  #isUncertain = false;

  constructor(place: MongoPlace, uploads: ArtifactUploads) {
    this.#place = place;
    this.#uploads = uploads;
  }

  /** The source may use the memory of `bytes` again afterwards. */
  async add(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + CHUNK - this.#filled);
      this.#chunk.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === CHUNK) {
        await this.#flush();
      }
    }
  }

  async finish(tenant: TenantId): Promise<StoredArtifact> {
    const size = this.#count * CHUNK + this.#filled;
    if (this.#filled > 0) {
      await this.#flush();
    }
    const digest = digestOfHex(this.#hash.digest("hex"));
    const file = { filename: nameOf(tenant, digest), length: size, chunkSize: CHUNK, uploadDate: new Date() };
    this.#isUncertain = true;
    const isNew = await this.#place.use(async () =>
      inserted(this.#place.collection("bytesFiles"), { _id: gridKey(this.#id), ...file }),
    );
    if (isNew || (await this.#uploads.counts(this.#id))) {
      await this.#uploads.end(this.#id);
    } else {
      this.#isUncertain = false;
      await this.abandon();
    }
    return { digest, size };
  }

  /** Where the server is gone its chunks stay until they are swept. */
  async abandon(): Promise<void> {
    if (this.#count === 0) {
      return;
    }
    if (this.#isUncertain) {
      await this.#uploads.giveUp(this.#id);
      return;
    }
    const chunks = this.#place.collection("bytesChunks");
    const removed = await this.#place.attempt(async () => ok(await chunks.deleteMany({ files_id: this.#id })));
    if (removed.ok) {
      await this.#uploads.end(this.#id);
    }
  }

  async #flush(): Promise<void> {
    this.#beat = await (this.#count === 0 ? this.#uploads.begin(this.#id) : this.#uploads.goOn(this.#id, this.#beat));
    const data = new Binary(this.#chunk.subarray(0, this.#filled));
    const chunk = { _id: gridKey(new ObjectId()), files_id: this.#id, n: this.#count, data };
    this.#count += 1;
    this.#filled = 0;
    await this.#place.use(async () => inserted(this.#place.collection("bytesChunks"), chunk));
  }
}

/** The last chunk is given out only after all of them were checked, so whoever gets to the end has the right bytes. */
async function* checkedChunks(place: MongoPlace, file: Stored, digest: Digest): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let held: Uint8Array | undefined;
  try {
    const chunks = place.collection("bytesChunks").find({ files_id: file._id }).sort({ n: 1 }).batchSize(4);
    for await (const chunk of chunks) {
      if (held !== undefined) {
        yield held;
      }
      held = bytesOf(chunk, "data");
      hash.update(held);
    }
  } catch (error) {
    throw new StoreError(place.faultOf(error));
  }
  if (digestOfHex(hash.digest("hex")) !== digest) {
    throw new StoreError(faultOf(storeCodes, "ARTIFACT_CORRUPT", { digest }));
  }
  if (held !== undefined && held.length > 0) {
    yield held;
  }
}

/** Gives a new file these bytes and then its mode; what could not be written whole is removed. */
async function stage(bytes: AsyncGenerator<Uint8Array>, path: string, mode: number): Promise<Result<void>> {
  const first = await bytes.next();
  await mkdir(dirname(path), { recursive: true });
  let file: FileHandle;
  try {
    file = await open(path, "wx", 0o600);
  } catch (error) {
    await bytes.return(undefined);
    if (systemCode(error) === "EEXIST") {
      return fail(faultOf(storeCodes, "FILE_CONFLICT", { path }));
    }
    throw error;
  }
  try {
    await using closing = file;
    if (first.done !== true) {
      await closing.writeFile(first.value);
      for await (const chunk of bytes) {
        await closing.writeFile(chunk);
      }
    }
    await chmod(path, mode);
    return ok(undefined);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

function stagingFault(error: unknown): ReturnType<typeof faultOf> {
  if (error instanceof StoreError) {
    return error.fault;
  }
  if (!(error instanceof Error && "syscall" in error)) {
    throw error;
  }
  const code = FULL.has(systemCode(error)) ? "STORE_FULL" : "STORE_UNAVAILABLE";
  return faultOf(storeCodes, code, { problem: systemProblem(error) });
}

function nameOf(tenant: TenantId, digest: Digest): string {
  return `${tenant}/${digest}`;
}
