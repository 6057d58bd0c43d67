import { chmod, mkdir, readdir, readFile, readlink, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import t from "tap";
import { hexOf, type Digest } from "#canon/digest.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { artifactStoreConformance, chunksOf } from "../../port/artifact-store.conformance.ts";
import { codeOf, otherTenant, readBytes, sampleDigest, tenant, thrownCode } from "../../port/sample-run.ts";

artifactStoreConformance(t, (folder) => fileArtifactStore(join(folder, "artifacts")));

const large = "large".repeat(400_000);

t.test("a file stands at sha256/ab/hex with mode 444, and nothing is left beside it", async (t) => {
  const root = t.testdir({});
  const store = fileArtifactStore(root);
  await store.put(tenant, chunksOf("hello", 5));
  await store.put(otherTenant, chunksOf("hello", 5));
  const path = pathOf(root, sampleDigest("hello"));
  t.equal(await readFile(path, "utf8"), "hello");
  t.equal((await stat(path)).mode & 0o777, 0o444);
  t.equal(await readFile(pathOf(join(root, "tenants", "acme"), sampleDigest("hello")), "utf8"), "hello");
  await t.rejects(store.put(tenant, failing()));
  t.same(await readdir(join(root, "incoming")), []);
});

t.test("damaged bytes never reach a reader's end or a stage, and putting them again repairs them", async (t) => {
  for (const text of ["small", large]) {
    const root = t.testdir({});
    const store = fileArtifactStore(root);
    const digest = sampleDigest(text);
    await store.put(tenant, chunksOf(text, 100_000));
    t.equal(codeOf(await store.stage(tenant, digest, join(root, "before"), false)), "ok");
    await damage(pathOf(root, digest), text);
    t.equal(await thrownCode(readBytes(store.open(tenant, digest))), "ARTIFACT_CORRUPT");
    for (const executable of [false, true]) {
      t.equal(codeOf(await store.stage(tenant, digest, join(root, "staged"), executable)), "ARTIFACT_CORRUPT");
      await t.rejects(stat(join(root, "staged")));
    }
    t.equal(codeOf(await store.put(tenant, chunksOf(text, 100_000))), "ok");
    t.ok((await readBytes(store.open(tenant, digest))).equals(Buffer.from(text)));
  }
});

t.test("a reader of damaged bytes gets no last chunk", async (t) => {
  const root = t.testdir({});
  const store = fileArtifactStore(root);
  await store.put(tenant, chunksOf("hello", 5));
  await damage(pathOf(root, sampleDigest("hello")), "hello");
  const seen: Uint8Array[] = [];
  await t.rejects(async () => {
    for await (const chunk of store.open(tenant, sampleDigest("hello"))) {
      seen.push(chunk);
    }
  });
  t.same(seen, []);
});

t.test("large files are staged as hard links, small and executable ones as copies", async (t) => {
  const root = t.testdir({});
  const store = fileArtifactStore(root);
  for (const [text, executable, links] of [
    ["small", false, 1],
    [large, true, 1],
    [large, false, 2],
  ] as const) {
    await store.put(tenant, chunksOf(text, 100_000));
    await store.stage(tenant, sampleDigest(text), join(root, "staged", `${links}-${text.length}`), executable);
    t.equal((await stat(pathOf(root, sampleDigest(text)))).nlink, links);
  }
});

t.test("what a process left behind that died while it put is removed, that of the living is not", async (t) => {
  const root = t.testdir({ incoming: {} });
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const namespace = (await readlink("/proc/self/ns/pid")).replaceAll(/\D/g, "");
  const dead = join(root, "incoming", `${boot}.${namespace}.${process.pid}.1.00~1`);
  const elsewhere = join(root, "incoming", `other-boot.${namespace}.${process.pid}.1.00~1`);
  await writeFile(dead, "half");
  await writeFile(elsewhere, "half");
  await fileArtifactStore(root).put(tenant, chunksOf("x", 1));
  await t.rejects(stat(dead));
  t.ok(await stat(elsewhere));
});

t.test("a store that cannot be written is STORE_UNAVAILABLE", async (t) => {
  const root = join(t.testdir({ file: "" }), "file");
  const store = fileArtifactStore(root);
  t.equal(codeOf(await store.put(tenant, chunksOf("x", 1))), "STORE_UNAVAILABLE");
});

function pathOf(root: string, digest: Digest): string {
  const hex = hexOf(digest);
  return join(root, "sha256", hex.slice(0, 2), hex);
}

/** Other bytes of the same length, with the old times. */
async function damage(path: string, text: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  await mkdir(dirname(path), { recursive: true });
  await chmod(path, 0o644);
  await writeFile(path, `?${text.slice(1)}`);
  await chmod(path, 0o444);
  await utimes(path, atime, mtime);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("beginning");
  throw new Error("the source failed");
}
