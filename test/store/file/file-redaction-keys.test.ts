import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { openFileStore } from "#store/file/open-file-store.ts";
import { value } from "../../attest/signing.ts";
import { codeOf, createSample, sampleRun } from "../../port/sample-run.ts";
import { tickingClock } from "../../port/ticking-clock.ts";

t.test("a key is a file of mode 600 in the run's folder, and goes with all its drafts", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "packrun-keys-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const store = value(await openFileStore(state, { clock: tickingClock() }));
  const run = sampleRun();
  await createSample(store, run);
  const folder = join(state, "runs", run.runId);
  const before = readdirSync(folder);
  const key = value(await store.redactionKeys.take(run));
  const file = join(folder, ".redaction-key");
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.ok(readFileSync(file).equals(key));
  t.same(readdirSync(folder).toSorted(), [...before, ".redaction-key"].toSorted(), "no draft is left");
  t.equal(codeOf(await store.ledger.getFile(run, ".redaction-key")), "FILE_PATH", "it is no file of the run");
  writeFileSync(join(folder, ".redaction-key.0123456789ab"), key);
  value(await store.redactionKeys.destroy(run));
  t.same(readdirSync(folder).toSorted(), before.toSorted());
  await store.close();
});

t.test("a key that is not whole is a fault, never another key", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "packrun-keys-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const store = value(await openFileStore(state, { clock: tickingClock() }));
  const run = sampleRun();
  await createSample(store, run);
  const file = join(state, "runs", run.runId, ".redaction-key");
  writeFileSync(file, "short");
  t.equal(codeOf(await store.redactionKeys.take(run)), "STORE_UNAVAILABLE");
  value(await store.redactionKeys.destroy(run));
  t.notOk(existsSync(file));
  await store.close();
});
