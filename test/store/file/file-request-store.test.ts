import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { parseTenantId } from "#canon/ids.ts";
import { StoreError } from "#fault/store-error.ts";
import { fileRequestStore } from "#store/file/file-request-store.ts";

const root = mkdtempSync(join(tmpdir(), "packrun-requests-"));
t.teardown(() => rmSync(root, { recursive: true, force: true }));
const tenantId = parseTenantId("default");
if (tenantId === undefined) {
  throw new Error("there is no such tenant");
}
const key = { tenantId, bearer: "alice", operation: "submit", key: "k" };
let now = 1000;
const clock = { now: () => now };

t.test("a key is claimed once, by whichever process, and answered after a restart", async (t) => {
  const path = join(root, "a", "requests.db");
  const one = fileRequestStore(path, clock);
  const two = fileRequestStore(path, clock);
  const claimed = await one.claim(key, "content", 100);
  t.equal(claimed.state, "claimed");
  t.strictSame(await two.claim(key, "content", 100), { state: "running" });
  t.strictSame(await two.claim(key, "other", 100), { state: "other" });
  t.equal((await two.claim({ ...key, bearer: "bob" }, "other", 100)).state, "claimed", "keys are a bearer's own");
  await one.settle(key, claimed.state === "claimed" ? claimed.claim : "", "answer", 1000);
  await Promise.all([one.close(), two.close()]);
  const three = fileRequestStore(path, clock);
  t.strictSame(await three.claim(key, "content", 100), { state: "answered", answer: "answer" });
  t.strictSame(await three.claim(key, "other", 100), { state: "other" });
  now += 1000;
  t.equal((await three.claim(key, "other", 100)).state, "claimed", "answers are kept for a time");
  await three.close();
});

t.test("a claim that was given back or has run out is free, and its holder changes nothing any more", async (t) => {
  const store = fileRequestStore(join(root, "b", "requests.db"), clock);
  const first = await store.claim(key, "content", 100);
  const claim = first.state === "claimed" ? first.claim : "";
  await store.release(key, claim);
  const second = await store.claim(key, "content", 100);
  t.equal(second.state, "claimed");
  now += 100;
  const third = await store.claim(key, "content", 100);
  t.equal(third.state, "claimed", "whoever held it has died");
  await store.settle(key, second.state === "claimed" ? second.claim : "", "late", 1000);
  await store.release(key, claim);
  t.strictSame(await store.claim(key, "content", 100), { state: "running" });
  await store.close();
});

t.test("a file that is none is a fault of the store", async (t) => {
  const path = join(root, "broken.db");
  writeFileSync(path, "no database at all, but long enough to be taken for one ".repeat(100));
  t.throws(() => fileRequestStore(path, clock), StoreError);
});
