import { spawn, spawnSync, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { passingFolder } from "../app/passing-folder.ts";
import { MAIN } from "./command-line.ts";
import { until } from "./place.ts";

const cwd = passingFolder("lost-output");
const full = openSync("/dev/full", "w");

function start(stdio: StdioOptions, ...argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...argv], { cwd, env: { ...process.env, CI: "1", NO_COLOR: "1" }, stdio });
}

async function ended(child: ChildProcess): Promise<{ readonly code: unknown; readonly err: string }> {
  let err = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code] = (await once(child, "close")) as [unknown];
  return { code, err };
}

t.test("an answer that cannot be written is no success", async (t) => {
  for (const argv of [["runs", "list", "--format", "json"], ["explain", "STEP_OOM"], ["--help"], ["--version"]]) {
    const { code, err } = await ended(start(["ignore", full, "pipe"], ...argv));
    t.equal(code, 2, argv.join(" "));
    t.match(err, "error[USER_FILE_WRITE]: stdout cannot be written: the disk is full");
    t.notMatch(err, "internal error");
    t.equal((await ended(start(["ignore", full, full], ...argv))).code, 2, "also where nothing can be said");
  }
});

t.test("what failed keeps its own exit code", async (t) => {
  mkdirSync(join(cwd, "bad"));
  writeFileSync(join(cwd, "bad", "pack.yaml"), "kind: TaskPack\n");
  t.equal((await ended(start(["ignore", full, "ignore"], "lint", "bad", "--format", "json"))).code, 3);
  t.equal((await ended(start(["ignore", full, full], "lint", "bad", "--format", "json"))).code, 3);
});

t.test("a command whose stderr takes nothing does what it would do", async (t) => {
  t.equal((await ended(start(["ignore", "ignore", full], "runs", "list"))).code, 0);
  t.equal((await ended(start(["ignore", "ignore", full], "nothing"))).code, 2);
});

/** A server that listens, and ends when it is told to. */
async function servesOn(t: Test, stderr: number): Promise<void> {
  const child = start(["ignore", "pipe", stderr], "serve", "--listen", "127.0.0.1:0");
  t.teardown(() => child.kill("SIGKILL"));
  let out = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  const url = await until("the server", () => /^listening on (\S+)$/m.exec(out)?.[1]);
  for (const path of ["/livez", "/api/runs", "/livez"]) {
    await (await fetch(url + path)).arrayBuffer();
  }
  t.equal((await fetch(`${url}/readyz`)).status, 200);
  child.kill("SIGTERM");
  t.equal((await ended(child)).code, 0);
}

t.test("a server whose log cannot be written serves on", async (t) => {
  await servesOn(t, full);
});

const options = { skip: process.getuid?.() === 0 ? false : "only root mounts file systems" };

t.test("of an answer there is the whole on a disk, or no success", options, async (t) => {
  const folder = join(cwd, "small");
  mkdirSync(folder);
  t.equal(spawnSync("mount", ["-t", "tmpfs", "-o", "size=32k", "tmpfs", folder]).status, 0);
  t.teardown(() => spawnSync("umount", ["-l", folder]));
  writeFileSync(join(folder, "ballast"), Buffer.alloc(28 << 10));
  const file = join(folder, "answer");
  const { code, err } = await ended(start(["ignore", openSync(file, "w"), "pipe"], "explain"));
  t.equal(code, 2);
  t.match(err, "stdout cannot be written");
  t.equal(statSync(file).size, 4 << 10, "a part of it has been written");
  await servesOn(t, openSync(join(folder, "log"), "w"));
});
