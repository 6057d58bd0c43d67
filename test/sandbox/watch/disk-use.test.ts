import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { diskUse } from "../../../src/sandbox/watch/disk-use.ts";

const MIB = 1024 * 1024;

function folderOf(t: Test): string {
  const folder = mkdtempSync("/var/tmp/packrun-use-");
  t.teardown(() => spawnSync("rm", ["-rf", folder]));
  return folder;
}

t.test("a file whose name is no UTF-8, and one in a folder with such a name, count like others", async (t) => {
  const folder = folderOf(t);
  const odd = Buffer.concat([Buffer.from(`${folder}/odd`), Buffer.of(0xff)]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from("/f"), Buffer.of(0xfe)]), Buffer.alloc(MIB));
  writeFileSync(`${folder}/plain`, Buffer.alloc(MIB));
  const { bytes, partial } = await diskUse(folder, []);
  t.ok(bytes >= 2 * MIB, String(bytes));
  t.equal(partial, false);
});

t.test("what lies deeper than a path can say is not taken for nothing", async (t) => {
  const folder = folderOf(t);
  const dig = `
    for (let depth = 0; depth < 20; depth += 1) {
      require("fs").mkdirSync("d".repeat(250));
      process.chdir("d".repeat(250));
    }
    require("fs").writeFileSync("f", "x");`;
  t.equal(spawnSync(process.execPath, ["-e", dig], { cwd: folder }).status, 0);
  t.match(await diskUse(folder, []), { partial: true });
});

t.test("what is gone again while it is counted is nothing", async (t) => {
  const folder = folderOf(t);
  rmSync(folder, { recursive: true });
  t.same(await diskUse(folder, []), { bytes: 0, partial: false });
});
