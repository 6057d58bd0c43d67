import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { Place } from "../cli/place.ts";

const UNIT = join(import.meta.dirname, "../../recipes/systemd/packrun.service");
const missing = spawnSync("systemd-analyze", ["--version"]).status !== 0 && "systemd-analyze is not installed";

/** What systemd says of the unit, once its program is one that is there. */
function verified(folder: string, text: string): { readonly status: number | null; readonly said: string } {
  const file = join(folder, "packrun.service");
  writeFileSync(file, text.replaceAll("/usr/bin/packrun", process.execPath));
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}

t.test("systemd takes the unit as it is, and would say what it does not know", { skip: missing }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "packrun-unit-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const text = readFileSync(UNIT, "utf8");
  t.strictSame(verified(folder, text), { status: 0, said: "" });
  t.match(verified(folder, text.replace("ProtectHome=", "ProtectHouse=")).said, /ProtectHouse/);
});

t.test("what the unit starts is a command of packrun", async (t) => {
  const [, line = ""] = /^ExecStart=\/usr\/bin\/packrun (.*)$/m.exec(readFileSync(UNIT, "utf8")) ?? [];
  const { code, out } = await new Place(t).packrun(...line.split(" "), "--help");
  t.equal(code, 0);
  t.match(out, /Usage: packrun serve /);
});
