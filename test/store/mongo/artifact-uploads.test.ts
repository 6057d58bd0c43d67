import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import t from "tap";
import { MongoClient, ObjectId, type Document } from "mongodb";
import type { ArtifactStore } from "#port/artifact-store.ts";
import { openMongoStores } from "#store/mongo/open-mongo-store.ts";
import { chunksOf } from "../../port/artifact-store.conformance.ts";
import { codeOf, readBytes, sampleDigest, tenant } from "../../port/sample-run.ts";
import { tickingClock, type TickingClock } from "../../port/ticking-clock.ts";
import { documentServer } from "./document-server.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A little more than one chunk of GridFS. */
const PIECE = "abcdefgh".repeat(33_000);

/** Bytes that come when they are told to: `open` gives the next piece, or the end. */
class SlowSource {
  readonly #steps: PromiseWithResolvers<string | undefined>[] = [Promise.withResolvers()];
  readonly #asked: PromiseWithResolvers<void>[] = [Promise.withResolvers()];

  /** Gives a piece and waits until it was taken. */
  async give(piece: string | undefined): Promise<void> {
    const step = this.#steps.at(-1);
    this.#steps.push(Promise.withResolvers());
    this.#asked.push(Promise.withResolvers());
    const taken = this.#asked.at(-1)?.promise;
    step?.resolve(piece);
    await (piece === undefined ? undefined : taken);
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    for (let at = 0; ; at += 1) {
      this.#asked[at]?.resolve();
      const piece = await this.#steps[at]?.promise;
      if (piece === undefined) {
        return;
      }
      yield Buffer.from(piece);
    }
  }
}

const FILES = "pack_artifact_bytes.files";

/** Stands before a server and loses its first answer to the insertion of a file, after it was carried out. */
async function losingOneAnswer(address: string): Promise<{ readonly address: string; readonly close: () => void }> {
  const { hostname, port } = new URL(address);
  const sockets: Socket[] = [];
  let isLost = false;
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    let loses = false;
    const end = (): void => [near, far].forEach((socket) => void socket.destroy());
    sockets.push(near, far);
    for (const socket of [near, far]) {
      socket.on("error", end).on("close", end);
    }
    near.on("data", (asked) => {
      loses = !isLost && asked.includes("insert\0") && asked.includes(`${FILES}\0`);
      far.write(asked);
    });
    far.on("data", (answer) => {
      isLost ||= loses;
      if (loses) {
        end();
      } else {
        near.write(answer);
      }
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const close = (): void => {
    proxy.close();
    sockets.forEach((socket) => void socket.destroy());
  };
  return { address: `mongodb://127.0.0.1:${(proxy.address() as AddressInfo).port}/?directConnection=true`, close };
}

const server = await documentServer(t);
if (server !== undefined) {
  const { address } = server;
  const closing: (() => Promise<void>)[] = [];
  const client = new MongoClient(address);

  type World = {
    readonly clock: TickingClock;
    readonly open: (through?: string) => ArtifactStore;
    readonly sweep: () => Promise<number>;
    readonly count: (name: "files" | "chunks" | "uploads") => Promise<number>;
    readonly find: (name: "files" | "chunks" | "uploads") => Promise<readonly Document[]>;
    readonly insert: (name: "files" | "uploads", document: Document) => Promise<unknown>;
  };

  const world = (): World => {
    const clock = tickingClock();
    const database = server.database();
    const open = (through = address): ArtifactStore => {
      const stores = openMongoStores({ connectionString: through, database }, { clock });
      if (!stores.ok) {
        throw new Error(stores.fault.message);
      }
      closing.push(stores.value.store.close);
      return stores.value.artifacts;
    };
    const names = {
      files: FILES,
      chunks: "pack_artifact_bytes.chunks",
      uploads: "pack_artifact_uploads",
    };
    const other = open();
    const find: World["find"] = async (name) => client.db(database).collection(names[name]).find().toArray();
    return {
      clock,
      open,
      sweep: async () => (await other.sweep?.()) ?? -1,
      find,
      count: async (name) => (await find(name)).length,
      insert: async (name, document) => client.db(database).collection(names[name]).insertOne(document),
    };
  };

  /** An upload that has sent more than a chunk, and what becomes of it. */
  const begun = async (
    store: ArtifactStore,
  ): Promise<{ readonly source: SlowSource; readonly put: Promise<string> }> => {
    const source = new SlowSource();
    const put = store.put(tenant, source.bytes()).then(codeOf);
    await source.give(PIECE);
    return { source, put };
  };

  t.test("an upload that was cut off is removed after an hour, and not before", async (t) => {
    const given = world();
    const kept = await given.open().put(tenant, chunksOf(PIECE.repeat(2), 70_000));
    t.equal(codeOf(kept), "ok");
    t.equal(await given.count("uploads"), 0);
    const whole = await given.count("chunks");
    await begun(given.open());
    t.equal(await given.count("chunks"), whole + 1);
    given.clock.tick(HOUR);
    t.equal(await given.sweep(), 0);
    given.clock.tick(1);
    t.same((await Promise.all([given.sweep(), given.sweep(), given.sweep()])).toSorted(), [0, 0, 1]);
    t.equal(await given.count("chunks"), whole);
    const digest = sampleDigest(PIECE.repeat(2));
    t.equal((await readBytes(given.open().open(tenant, digest))).length, 2 * PIECE.length, "what counts is whole");
    t.equal(await given.count("uploads"), 1, "it is remembered");
    given.clock.tick(7 * DAY);
    t.equal(await given.sweep(), 0);
    t.equal(await given.count("uploads"), 0);
    t.equal(await given.count("files"), 1);
  });

  t.test("an upload that goes on is never removed, however long it takes", async (t) => {
    const given = world();
    const { source, put } = await begun(given.open());
    for (let part = 0; part < 5; part += 1) {
      given.clock.tick(50 * 60_000);
      t.equal(await given.sweep(), 0);
      await source.give(PIECE);
    }
    await source.give(undefined);
    t.equal(await put, "ok");
    const digest = sampleDigest(PIECE.repeat(6));
    t.equal((await readBytes(given.open().open(tenant, digest))).length, 6 * PIECE.length);
    t.equal(await given.count("uploads"), 0);
  });

  t.test("one that stood still and goes on fails, and leaves nothing that counts", async (t) => {
    const given = world();
    const [early, late] = [await begun(given.open()), await begun(given.open())];
    given.clock.tick(2 * HOUR);
    t.equal(await given.sweep(), 2);
    // One more piece shows that it was given up, and so does the end.
    void early.source.give(PIECE);
    t.equal(await early.put, "STORE_UNAVAILABLE");
    await late.source.give(undefined);
    t.equal(await late.put, "STORE_UNAVAILABLE");
    t.equal(await given.count("chunks"), 0);
    for (const count of [1, 2]) {
      t.notOk(await given.open().has(tenant, sampleDigest(PIECE.repeat(count))));
    }
    t.equal(codeOf(await given.open().put(tenant, chunksOf(PIECE, 70_000))), "ok", "sent again it is taken");
    t.ok(await given.open().has(tenant, sampleDigest(PIECE)));
  });

  t.test("an upload that ends while others sweep is whole or has failed", async (t) => {
    const given = world();
    const store = given.open();
    const ends = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const { source, put } = await begun(store);
      await source.give(String(round));
      given.clock.tick(2 * HOUR);
      // Who is first is left to chance, a little of it chosen here.
      const ending = round % 3 === 0 ? Promise.resolve() : source.give(undefined);
      const swept = Promise.all([given.sweep(), given.sweep()]);
      await (round % 3 === 0 ? source.give(undefined) : ending);
      const code = await put;
      await swept;
      ends.add(code);
      const digest = sampleDigest(`${PIECE}${round}`);
      const there = await store.has(tenant, digest);
      t.equal(there, code === "ok", code);
      if (there) {
        t.equal((await readBytes(store.open(tenant, digest))).length, PIECE.length + String(round).length);
      }
    }
    t.ok(
      [...ends].every((code) => code === "ok" || code === "STORE_UNAVAILABLE"),
      [...ends].join(", "),
    );
  });

  t.test("a word that was left behind by a whole upload removes nothing of it", async (t) => {
    const given = world();
    await given.open().put(tenant, chunksOf(PIECE, 70_000));
    t.equal(await given.count("uploads"), 0);
    const [file] = await given.find("files");
    await given.insert("uploads", { _id: String(file?.["_id"]), beat: 0 });
    t.equal(await given.sweep(), 0);
    t.equal(await given.count("uploads"), 0);
    t.equal((await readBytes(given.open().open(tenant, sampleDigest(PIECE)))).length, PIECE.length);
  });

  t.test("a file that was written counts and is whole, though nobody heard so", async (t) => {
    const given = world();
    await given.open().put(tenant, chunksOf("other", 70_000));
    const losing = await losingOneAnswer(address);
    t.teardown(losing.close);
    const store = given.open(losing.address);
    const code = codeOf(await store.put(tenant, chunksOf(PIECE, 70_000)));
    t.ok(["ok", "STORE_UNAVAILABLE"].includes(code), code);
    t.ok(await given.open().has(tenant, sampleDigest(PIECE)), "the server had carried it out");
    t.equal((await readBytes(given.open().open(tenant, sampleDigest(PIECE)))).length, PIECE.length);
    t.equal(codeOf(await store.put(tenant, chunksOf(PIECE, 70_000))), "ok", "sent again it is there");
    t.equal((await readBytes(given.open().open(tenant, sampleDigest(PIECE)))).length, PIECE.length);
    t.equal(await given.count("uploads"), 0);
  });

  t.test("what a sweep that was cut off has left is removed by the next", async (t) => {
    const given = world();
    await begun(given.open());
    given.clock.tick(2 * HOUR);
    const [upload] = await given.find("uploads");
    const id = ObjectId.createFromHexString(String(upload?.["_id"]));
    await given.insert("files", { _id: id, filename: `swept/${id.toHexString()}`, length: 0, swept: true });
    t.equal(await given.sweep(), 1);
    t.equal(await given.count("chunks"), 0);
  });

  t.test("all of them are closed", async () => {
    await Promise.all(closing.map((close) => close()));
    await client.close();
  });
}
