import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { KernelFile } from "#sandbox/watch/kernel-file.ts";

t.test("a file is read anew each time, from its beginning", (t) => {
  const path = join(t.testdir({}), "usage");
  writeFileSync(path, "12\n");
  const file = new KernelFile(path);
  t.equal(file.number(), 12);
  writeFileSync(path, "345\n");
  t.equal(file.number(), 345);
  t.equal(file.text(), "345\n");
  file.close();
  t.end();
});

t.test("a key stands whole at the beginning of a line", (t) => {
  const path = join(t.testdir({ events: "oom_kill_disable 0\nunder_oom 1\noom_kill 7\nmax 3\n" }), "events");
  const file = new KernelFile(path);
  t.equal(file.key("oom_kill"), 7);
  t.equal(file.key("oom_kill_disable"), 0);
  t.equal(file.key("oom"), undefined);
  t.equal(file.key("kill"), undefined);
  file.close();
  t.end();
});

t.test("what is not there or was closed is undefined, and no descriptor stays open", (t) => {
  const before = readdirSync("/proc/self/fd").length;
  const absent = new KernelFile("/proc/1/no-such-file");
  t.equal(absent.number(), undefined);
  t.equal(absent.key("max"), undefined);
  absent.close();
  const words = new KernelFile("/proc/self/comm");
  t.equal(words.number(), undefined);
  words.close();
  words.close();
  t.equal(words.text(), undefined);
  t.equal(readdirSync("/proc/self/fd").length, before);
  t.end();
});

t.test("one that may be written stays open between, and says whether it was taken", (t) => {
  const path = join(t.testdir({ peak: "9" }), "peak");
  const peak = new KernelFile(path, "r+");
  t.equal(peak.number(), 9);
  t.equal(peak.write("0"), true);
  t.equal(peak.number(), 0);
  peak.close();
  t.equal(peak.write("1"), false, "closed");
  const other = new KernelFile(path);
  t.equal(other.write("1"), false, "opened for reading");
  other.close();
  t.equal(new KernelFile("/proc/1/no-such-file", "r+").write("1"), false);
  t.end();
});
