import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readBounded, readBoundedSync, readBoundedText } from "#app/read-bounded.ts";

const folder = t.testdir({ eight: "12345678", empty: "" });
const eight = join(folder, "eight");

t.test("a file of at most so many bytes is read whole", async (t) => {
  t.equal(await readBoundedText(eight, 8), "12345678");
  t.strictSame(await readBounded(join(folder, "empty"), 0), new Uint8Array());
  t.equal(Buffer.from(readBoundedSync(eight, 8)).toString(), "12345678");
  const large = join(folder, "large");
  writeFileSync(large, Buffer.alloc(300_000, "x"));
  t.equal((await readBounded(large, 300_000)).length, 300_000);
  t.equal(readBoundedSync(large, 300_000).length, 300_000);
});

t.test("of more, or of what has no end, no more is read than shows it", async (t) => {
  for (const [path, most] of [
    [eight, 7],
    ["/dev/zero", 1_000_000],
  ] as const) {
    await t.rejects(readBounded(path, most), { code: "EFBIG" });
    t.throws(() => readBoundedSync(path, most), { code: "EFBIG" });
  }
});

t.test("what cannot be read is told by the system's code", async (t) => {
  await t.rejects(readBounded(join(folder, "absent"), 8), { code: "ENOENT" });
  await t.rejects(readBounded(folder, 8), { code: "EISDIR" });
  t.throws(() => readBoundedSync(folder, 8), { code: "EISDIR" });
});

t.test("a pipe is read to its end", async (t) => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const writer = spawn("sh", ["-c", `printf 1234 > ${pipe}; sleep 0.1`]);
  t.equal(await readBoundedText(pipe, 8), "1234");
  writer.kill();
});
