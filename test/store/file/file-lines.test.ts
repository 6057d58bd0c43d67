import { appendFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { codeOf, createSample, readBytes, sampleRun, thrownCode } from "../../port/sample-run.ts";
import { openedStore } from "./opened-store.ts";

const run = sampleRun();
const name = "egress.jsonl";
const durable = { durable: true };

t.test("a torn last line is not read, and is cut off when the next line is appended", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  await createSample(store, run);
  const path = join(folder, "runs", run.runId, name);
  let whole = "";
  for (const tail of ["x", '{"attempt"', "\0\0\0", "y".repeat(200_000)]) {
    await appendFile(path, tail);
    const again = await openedStore(folder);
    t.equal((await readBytes(again.lines.read(run, name))).toString(), whole, "reading leaves it out");
    t.equal((await readFile(path)).toString(), whole + tail, "and changes nothing");
    t.equal(codeOf(await again.lines.append(run, name, Buffer.from(`${tail.length}\n`), durable)), "ok");
    whole += `${tail.length}\n`;
    t.equal((await readFile(path)).toString(), whole);
    await again.close();
  }
  await store.close();
});

t.test("lines longer than what is read at once come whole", async (t) => {
  const store = await openedStore(t.testdir({}));
  await createSample(store, run);
  const lines = Buffer.from(`${"a".repeat(150_000)}\n${"b".repeat(70_000)}\n`);
  t.equal(codeOf(await store.lines.append(run, name, lines, durable)), "ok");
  t.ok((await readBytes(store.lines.read(run, name))).equals(lines));
  await store.close();
});

t.test("a file that cannot be used is STORE_UNAVAILABLE", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  await createSample(store, run);
  const path = join(folder, "runs", run.runId, name);
  await mkdir(path);
  t.equal(codeOf(await store.lines.append(run, name, Buffer.from("x\n"), durable)), "STORE_UNAVAILABLE");
  t.equal(await thrownCode(readBytes(store.lines.read(run, name))), "STORE_UNAVAILABLE");
  await rm(path, { recursive: true });
  t.equal(codeOf(await store.lines.append(run, name, Buffer.from("x\n"), durable)), "ok");
  await store.close();
});
