import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import type { ArtifactStore } from "#port/artifact-store.ts";
import { codeOf, otherTenant, readBytes, sampleDigest, tenant, thrownCode } from "./sample-run.ts";

/** What every artifact store does. `make` gives a new, empty one, which may use the folder. */
export function artifactStoreConformance(t: Test, make: (folder: string) => ArtifactStore): void {
  t.test("bytes come back under their digest, whatever their chunks", async (t) => {
    const folder = t.testdir({ store: {} });
    const store = make(join(folder, "store"));
    for (const [text, size] of [
      ["", 1],
      ["x", 1],
      ["hello", 2],
      ["abc".repeat(300_000), 70_000],
    ] as const) {
      const put = await store.put(tenant, chunksOf(text, size));
      t.same(put, { ok: true, value: { digest: sampleDigest(text), size: text.length } });
      t.ok(await store.has(tenant, sampleDigest(text)));
      t.ok((await readBytes(store.open(tenant, sampleDigest(text)))).equals(Buffer.from(text)));
    }
  });

  t.test("a source may use the memory of its chunks again", async (t) => {
    const folder = t.testdir({ store: {} });
    const store = make(join(folder, "store"));
    const put = await store.put(tenant, reusingChunks());
    t.same(put, { ok: true, value: { digest: sampleDigest("aabbcc"), size: 6 } });
    t.equal((await readBytes(store.open(tenant, sampleDigest("aabbcc")))).toString(), "aabbcc");
  });

  t.test("the same bytes may be put any number of times at once", async (t) => {
    const folder = t.testdir({ store: {} });
    const store = make(join(folder, "store"));
    const puts = await Promise.all(Array.from({ length: 8 }, async () => store.put(tenant, chunksOf("same", 1))));
    t.same([...new Set(puts.map(codeOf))], ["ok"]);
    t.equal((await readBytes(store.open(tenant, sampleDigest("same")))).toString(), "same");
  });

  t.test("a put whose source fails leaves nothing, and the source's error goes on", async (t) => {
    const folder = t.testdir({ store: {} });
    const store = make(join(folder, "store"));
    await t.rejects(store.put(tenant, failingChunks()), /source/);
    t.notOk(await store.has(tenant, sampleDigest("beginning")));
    t.equal(await thrownCode(readBytes(store.open(tenant, sampleDigest("beginning")))), "ARTIFACT_MISSING");
  });

  t.test("what is not there is ARTIFACT_MISSING", async (t) => {
    const folder = t.testdir({ store: {} });
    const store = make(join(folder, "store"));
    const digest = sampleDigest("nothing");
    t.notOk(await store.has(tenant, digest));
    t.equal(await thrownCode(readBytes(store.open(tenant, digest))), "ARTIFACT_MISSING");
    t.equal(codeOf(await store.stage(tenant, digest, join(folder, "x"), false)), "ARTIFACT_MISSING");
  });

  t.test("another tenant finds nothing, and may put the same bytes", async (t) => {
    const folder = t.testdir({ store: {} });
    const store = make(join(folder, "store"));
    const digest = sampleDigest("mine");
    await store.put(tenant, chunksOf("mine", 4));
    t.notOk(await store.has(otherTenant, digest));
    t.equal(await thrownCode(readBytes(store.open(otherTenant, digest))), "ARTIFACT_MISSING");
    t.equal(codeOf(await store.stage(otherTenant, digest, join(folder, "x"), false)), "ARTIFACT_MISSING");
    t.equal(codeOf(await store.put(otherTenant, chunksOf("mine", 4))), "ok");
    t.ok(await store.has(otherTenant, digest));
  });

  t.test("staging puts small and large files at a path, read-only, executable where asked", async (t) => {
    const folder = t.testdir({ store: {} });
    const store = make(join(folder, "store"));
    for (const text of ["small", "large".repeat(400_000)]) {
      await store.put(tenant, chunksOf(text, 100_000));
      for (const executable of [false, true]) {
        for (const time of ["first", "second"]) {
          const path = join(folder, `${text.length}-${String(executable)}`, time, "file");
          t.equal(codeOf(await store.stage(tenant, sampleDigest(text), path, executable)), "ok");
          t.equal((await stat(path)).mode & 0o777, executable ? 0o555 : 0o444);
          t.ok((await readFile(path)).equals(Buffer.from(text)));
        }
      }
    }
  });

  t.test("staging never replaces a file", async (t) => {
    const folder = t.testdir({ taken: "other", store: {} });
    const store = make(join(folder, "store"));
    for (const text of ["small", "large".repeat(400_000)]) {
      await store.put(tenant, chunksOf(text, 100_000));
      t.equal(codeOf(await store.stage(tenant, sampleDigest(text), join(folder, "taken"), false)), "FILE_CONFLICT");
      t.equal(await readFile(join(folder, "taken"), "utf8"), "other");
    }
  });
}

export async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
  }
}

async function* reusingChunks(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(2);
  for (const letter of ["a", "b", "c"]) {
    yield chunk.fill(letter);
  }
}

async function* failingChunks(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("beginning");
  throw new Error("the source failed");
}
