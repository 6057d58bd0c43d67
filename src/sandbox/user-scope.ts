import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ownV2Cgroup } from "./cgroup-mounts.ts";
import { TOOL_ENV } from "./tool-env.ts";

const run = promisify(execFile);

/** A plain user's way to a cgroup of their own, by the user's systemd. */
export type UserScope =
  /** `argv` starts what follows it in such a cgroup; `env` is what it needs for that. */
  | {
      readonly kind: "possible";
      readonly argv: readonly string[];
      readonly env: Readonly<Record<string, string | undefined>>;
    }
  | { readonly kind: "impossible"; readonly why: string; readonly remedy: string };

type Env = Readonly<Record<string, string | undefined>>;

/** Says that this process was started in a scope by itself, so that it does so once. */
const ENTERED = "PACKRUN_SCOPE";
const SCOPE = ["--user", "--scope", "--quiet", "--collect", "--description=packrun", "-p", "Delegate=yes"];
const TRIAL = 'cat "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/cgroup.controllers"';
const TRIAL_MS = 20_000;

/**
 * A plain user's command that runs steps starts itself again, once, as `systemd-run --user --scope -p Delegate=yes`, where
 * that gives it a cgroup that it may divide. The process stays the same (exec), and so do its terminal, its signals and
 * its exit code. Where it cannot, this returns, and the limits are held as far as they can be.
 */
export async function enterUserScope(): Promise<void> {
  const entered = process.env[ENTERED] !== undefined;
  // What this command starts itself is not in the scope for its own reasons.
  delete process.env[ENTERED];
  if (entered || !needsScope()) {
    return;
  }
  const scope = await findUserScope(process.env);
  if (scope.kind === "possible") {
    const [file = ""] = scope.argv;
    const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    process.execve?.(file, [...scope.argv, ...again], { ...scope.env, [ENTERED]: "1" });
  }
}

/** True for a plain user on cgroups of version 2 whose own cgroup does not pass controllers on yet. */
export function needsScope(): boolean {
  if (process.platform !== "linux" || process.getuid?.() === 0) {
    return false;
  }
  const place = ownV2Cgroup();
  if (place === undefined || !existsSync(join(place.mount, "cgroup.controllers"))) {
    return false;
  }
  try {
    const control = join(place.own, "cgroup.subtree_control");
    accessSync(control, constants.W_OK);
    const passed = readFileSync(control, "latin1").trim().split(" ");
    return !passed.includes("memory") || !passed.includes("pids");
  } catch {
    return true;
  }
}

/** Tries what it answers: a scope is made and asked which controllers it has. */
export async function findUserScope(env: Env): Promise<UserScope> {
  const tool = ["/usr/bin/systemd-run", "/bin/systemd-run"].find((path) => existsSync(path));
  if (tool === undefined) {
    return impossible("systemd-run is not there", "run packrun as root, or where a cgroup is delegated to its user");
  }
  const uid = process.getuid?.() ?? 0;
  const folder = env["XDG_RUNTIME_DIR"] ?? `/run/user/${uid}`;
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

/** `controllers`: what the scope's `cgroup.controllers` says. */
export function judgeScope(controllers: string, argv: readonly string[], env: Env): UserScope {
  const given = controllers.split(" ");
  const missing = ["memory", "pids"].filter((name) => !given.includes(name));
  return missing.length === 0
    ? { kind: "possible", argv, env }
    : impossible(
        `systemd passes no ${missing.join(" and ")} controller on to users`,
        "as root: `systemctl edit user@.service`, there `[Service]` and `Delegate=cpu io memory pids`, then log in again",
      );
}

function impossible(why: string, remedy: string): UserScope {
  return { kind: "impossible", why, remedy };
}
