import { needsScope } from "./scope-need.ts";
import { findUserScope } from "./user-scope.ts";

/** Says that this process was started in a scope by itself, so that it does so once. */
const ENTERED = "PACKRUN_SCOPE";

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
