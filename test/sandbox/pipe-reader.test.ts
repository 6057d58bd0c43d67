import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import t, { type Test } from "tap";
import { PipeReader } from "../../src/sandbox/slot/pipe-reader.ts";

function fifoIn(t: Test): string {
  const path = join(t.testdir({}), "fifo");
  execFileSync("mkfifo", [path]);
  return path;
}

function writerTo(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
}

async function until(isSo: () => boolean): Promise<void> {
  for (let round = 0; !isSo() && round < 500; round += 1) {
    await wait(2);
  }
}

t.test("what is there is read at once, without a writer, with one, and behind the last one", async (t) => {
  const path = fifoIn(t);
  const reader = new PipeReader(path);
  t.equal(reader.read(), undefined, "nobody has it open for writing");
  const writer = writerTo(path);
  t.equal(reader.read(), undefined, "nothing was written yet");
  writeSync(writer, "one");
  t.equal(String(reader.read()), "one");
  writeSync(writer, "two");
  closeSync(writer);
  t.equal(String(reader.read()), "two");
  t.equal(reader.read(), undefined);
  reader.close();
  t.equal(reader.read(), undefined, "it was closed");
});

t.test("a listener is handed what comes, nothing while it holds back, and the end once", async (t) => {
  const path = fifoIn(t);
  const reader = new PipeReader(path);
  const heard: string[] = [];
  let ends = 0;
  const writer = writerTo(path);
  writeSync(writer, "before ");
  reader.listen(
    (bytes) => {
      heard.push(String(bytes));
      return heard.length !== 1;
    },
    () => (ends += 1),
  );
  await until(() => heard.length > 0);
  writeSync(writer, "held ");
  await wait(30);
  t.strictSame(heard, ["before "], "it holds back");
  reader.goOn();
  await until(() => heard.length > 1);
  t.strictSame(heard, ["before ", "held "]);
  writeSync(writer, "last");
  closeSync(writer);
  await until(() => ends > 0);
  t.equal(heard.join(""), "before held last");
  t.equal(reader.read(), undefined, "its descriptor may be another file's by now");
  reader.close();
  await wait(5);
  t.equal(ends, 1);
});

t.test("what a listener that holds back has not taken is read in its place", async (t) => {
  const path = fifoIn(t);
  const reader = new PipeReader(path);
  const heard: string[] = [];
  const writer = writerTo(path);
  writeSync(writer, "one ");
  reader.listen((bytes) => {
    heard.push(String(bytes));
    return false;
  });
  await until(() => heard.length > 0);
  writeSync(writer, "two");
  closeSync(writer);
  t.equal(String(reader.read()), "two");
  t.equal(reader.read(), undefined);
  t.strictSame(heard, ["one "]);
  reader.close();
});

t.test("nothing stays open, whether or not anybody listened", async (t) => {
  const path = fifoIn(t);
  const fds = (): number => readdirSync("/proc/self/fd").length;
  const before = fds();
  const [silent, listening] = [new PipeReader(path), new PipeReader(path)];
  let isOver = false;
  listening.listen(
    () => true,
    () => (isOver = true),
  );
  [silent, listening, silent, listening].forEach((reader) => reader.close());
  await until(() => isOver);
  t.equal(fds(), before);
  t.throws(() => new PipeReader(join(path, "absent")), { code: "ENOTDIR" });
});
