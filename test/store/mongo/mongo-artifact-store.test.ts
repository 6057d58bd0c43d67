import { stat } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { Binary, MongoClient } from "mongodb";
import type { ArtifactStore } from "#port/artifact-store.ts";
import { openMongoStores } from "#store/mongo/open-mongo-store.ts";
import { artifactStoreConformance, chunksOf } from "../../port/artifact-store.conformance.ts";
import { codeOf, readBytes, sampleDigest, tenant, thrownCode } from "../../port/sample-run.ts";
import { systemClock } from "../../port/system-clock.ts";
import { documentServer } from "./document-server.ts";

const server = await documentServer(t);
if (server !== undefined) {
  const { address } = server;
  const closing: (() => Promise<void>)[] = [];
  const opened = (database = server.database()): ArtifactStore => {
    const stores = openMongoStores({ connectionString: address, database }, { clock: systemClock });
    if (!stores.ok) {
      throw new Error(stores.fault.message);
    }
    closing.push(stores.value.store.close);
    return stores.value.artifacts;
  };

  t.test("artifacts in GridFS", (t) => {
    artifactStoreConformance(t, () => opened());
    t.end();
  });

  t.test("what is stored has the form of GridFS, once for all who put the same bytes", async (t) => {
    const database = server.database();
    const text = "abc".repeat(100_000);
    for (const store of [opened(database), opened(database)]) {
      t.equal(codeOf(await store.put(tenant, chunksOf(text, 70_000))), "ok");
    }
    await using client = new MongoClient(address);
    const files = await client.db(database).collection("pack_artifact_bytes.files").find().toArray();
    t.match(files, [{ filename: `default/${sampleDigest(text)}`, length: 300_000, chunkSize: 261_120 }]);
    const chunks = await client.db(database).collection("pack_artifact_bytes.chunks").find().sort({ n: 1 }).toArray();
    t.same(
      chunks.map((chunk) => [chunk["n"] as number, (chunk["data"] as Binary).length()]),
      [
        [0, 261_120],
        [1, 38_880],
      ],
    );
    t.ok(chunks.every((chunk) => String(chunk["files_id"]) === String(files[0]?._id)));
  });

  t.test("bytes that were changed or lost in the database are ARTIFACT_CORRUPT, and none is staged", async (t) => {
    const database = server.database();
    const store = opened(database);
    const text = "abc".repeat(100_000);
    const digest = sampleDigest(text);
    await store.put(tenant, chunksOf(text, 70_000));
    await using client = new MongoClient(address);
    const chunks = client.db(database).collection("pack_artifact_bytes.chunks");
    await chunks.updateOne({ n: 1 }, { $set: { data: new Binary(Buffer.from("changed")) } });
    for (const damage of ["changed", "lost"]) {
      const folder = t.testdir({});
      t.equal(await thrownCode(readBytes(store.open(tenant, digest))), "ARTIFACT_CORRUPT", damage);
      t.equal(codeOf(await store.stage(tenant, digest, join(folder, "x"), false)), "ARTIFACT_CORRUPT");
      t.rejects(stat(join(folder, "x")));
      await chunks.deleteOne({ n: 1 });
    }
  });

  t.test("a server that is not there is STORE_UNAVAILABLE, and never a missing artifact", async (t) => {
    const gone = { connectionString: "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", database: "x" };
    const stores = openMongoStores(gone, { clock: systemClock });
    t.ok(stores.ok);
    if (stores.ok) {
      const { artifacts, store } = stores.value;
      t.equal(codeOf(await artifacts.put(tenant, chunksOf("x", 1))), "STORE_UNAVAILABLE");
      t.equal(await thrownCode(artifacts.has(tenant, sampleDigest("x"))), "STORE_UNAVAILABLE");
      t.equal(await thrownCode(readBytes(artifacts.open(tenant, sampleDigest("x")))), "STORE_UNAVAILABLE");
      await store.close();
    }
  });

  t.test("all of them are closed", async () => {
    await Promise.all(closing.map((close) => close()));
  });
}
