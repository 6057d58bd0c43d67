import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { isWrongPath, writeWhole } from "#app/write-whole.ts";

t.test("a file is replaced whole, or stands as it was", async (t) => {
  const folder = t.testdir({ old: "before" });
  const out = join(folder, "old");
  t.equal(await writeWhole(out, async (handle) => (await handle.write("after")).bytesWritten), 5);
  t.equal(readFileSync(out, "utf8"), "after");
  await t.rejects(
    writeWhole(out, async (handle) => {
      await handle.write("half");
      throw new Error("the source is gone");
    }),
    /the source is gone/,
  );
  t.equal(readFileSync(out, "utf8"), "after");
  t.strictSame(readdirSync(folder), ["old"]);
});

t.test("a link leads to the file that is replaced, and one to nothing is replaced itself", async (t) => {
  const folder = t.testdir({ target: "before" });
  symlinkSync("target", join(folder, "link"));
  symlinkSync("absent", join(folder, "lost"));
  for (const name of ["link", "lost"]) {
    await writeWhole(join(folder, name), (handle) => handle.writeFile("after"));
  }
  t.ok(lstatSync(join(folder, "link")).isSymbolicLink());
  t.equal(readFileSync(join(folder, "target"), "utf8"), "after");
  t.equal(readFileSync(join(folder, "lost"), "utf8"), "after");
});

t.test("a pipe is written as it stands", async (t) => {
  const pipe = join(t.testdir({}), "pipe");
  execFileSync("mkfifo", [pipe]);
  const [text] = await Promise.all([
    readFile(pipe, "utf8"),
    writeWhole(pipe, (handle) => handle.writeFile("through the pipe")),
  ]);
  t.equal(text, "through the pipe");
  t.ok(lstatSync(pipe).isFIFO());
});

t.test("a path that no file can have is told from an error of the disk, and of what goes into the file", async (t) => {
  const folder = t.testdir({ file: "" });
  mkdirSync(join(folder, "there"));
  writeFileSync(join(folder, "there/x"), "");
  writeFileSync(join(folder, "there/y"), "bytes");
  const problemOf = async (out: string, source?: string): Promise<boolean> => {
    try {
      await writeWhole(out, async (handle) => handle.writeFile(source === undefined ? "" : await readFile(source)));
      return false;
    } catch (error) {
      return isWrongPath(error, out);
    }
  };
  t.equal(await problemOf(join(folder, "absent/x")), true);
  t.equal(await problemOf(join(folder, "file/x")), true);
  t.equal(await problemOf(join(folder, "there")), true, "a folder stands there");
  t.equal(await problemOf(join(folder, "new"), join(folder, "no-source")), false);
  t.equal(await problemOf("/dev/full", join(folder, "there/y")), false, "a disk without room");
  t.strictSame(readdirSync(folder).toSorted(), ["file", "there"]);
});
