import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { impossible, judgeScope, type Env, type UserScope } from "./scope-judgement.ts";
import { TOOL_ENV } from "../tool-env.ts";

const run = promisify(execFile);

const SCOPE = ["--user", "--scope", "--quiet", "--collect", "--description=packrun", "-p", "Delegate=yes"];
const TRIAL = 'cat "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/cgroup.controllers"';
const TRIAL_MS = 20_000;

/** Tries what it answers: a scope is made and asked which controllers it has. */
export async function findUserScope(env: Env): Promise<UserScope> {
  const tool = ["/usr/bin/systemd-run", "/bin/systemd-run"].find((path) => existsSync(path));
  if (tool === undefined) {
    return impossible("systemd-run is not there", "run packrun as root, or where a cgroup is delegated to its user");
  }
  const uid = process.getuid?.() ?? 0;
  const given = env["XDG_RUNTIME_DIR"] ?? "";
  const folder = given === "" ? `/run/user/${uid}` : given;
  if (!existsSync(join(folder, "systemd/private")) && !existsSync(join(folder, "bus"))) {
    const remedy = "log in rather than `su` or `sudo -u`, or as root: loginctl enable-linger USER";
    return impossible(`no systemd of this user runs (${folder})`, remedy);
  }
  const argv = [tool, ...SCOPE, "--"];
  const withBus = { ...env, XDG_RUNTIME_DIR: folder };
  try {
    const bus = env["DBUS_SESSION_BUS_ADDRESS"];
    const toBus = { XDG_RUNTIME_DIR: folder, ...(bus === undefined ? {} : { DBUS_SESSION_BUS_ADDRESS: bus }) };
    const options = { env: { ...TOOL_ENV, ...toBus }, timeout: TRIAL_MS };
    const { stdout } = await run(tool, [...SCOPE, "--", "/bin/sh", "-c", TRIAL], options);
    return judgeScope(stdout.trim(), argv, withBus);
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    const why = said === "" ? "it did not answer" : said.split("\n").slice(-1).join("");
    return impossible(`systemd-run --user --scope failed: ${why}`, "see `journalctl --user`, or run packrun as root");
  }
}
