import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readSmallFile } from "#sandbox/watch/small-file.ts";

t.test("reads files of any length whole, and those of the kernel that say they are empty", (t) => {
  const path = join(t.testdir(), "file");
  for (const text of ["", "a", "é".repeat(100_000)]) {
    writeFileSync(path, text);
    t.equal(readSmallFile(path), readFileSync(path, "latin1"));
  }
  t.equal(readSmallFile("/proc/sys/kernel/random/boot_id"), readFileSync("/proc/sys/kernel/random/boot_id", "latin1"));
  t.end();
});

t.test("leaves no descriptor open, also where a file cannot be read", (t) => {
  const open = (): number => readdirSync("/proc/self/fd").length;
  const before = open();
  t.throws(() => readSmallFile("/no/such/file"), { code: "ENOENT" });
  t.throws(() => readSmallFile("/proc"), { code: "EISDIR" });
  t.equal(open(), before);
  t.end();
});
