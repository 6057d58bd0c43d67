import { spawn } from "node:child_process";
import { once } from "node:events";
import t from "tap";
import { passingFolder } from "../app/passing-folder.ts";
import { MAIN } from "./command-line.ts";

const cwd = passingFolder("broken-pipe");

/** The exit code of a command whose reader has gone before it says anything. */
async function withoutReader(closed: "stdout" | "stderr", ...argv: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, [MAIN, ...argv], { cwd });
  child[closed].destroy();
  child[closed === "stdout" ? "stderr" : "stdout"].resume();
  const [code] = (await once(child, "exit")) as [unknown];
  return code;
}

t.test("a command whose output nobody reads ends with its own exit code, never with 0", async (t) => {
  t.equal(await withoutReader("stdout", "verify", "nothing", "--format", "json"), 2);
  t.equal(await withoutReader("stderr", "verify", "nothing"), 2);
});

t.test("a command that only shows something ends when its reader goes", async (t) => {
  t.equal(await withoutReader("stdout", "runs", "list", "--format", "json"), 141);
});
