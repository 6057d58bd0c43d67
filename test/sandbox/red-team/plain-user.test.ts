import { fileURLToPath } from "node:url";
import t from "tap";
import { compiledBy } from "../../compiled.ts";
import { GROUND_VARIABLE, type Ground } from "./run-attacks.ts";

/** A user of the host that owns nothing else, and may make no cgroup. */
const PLAIN_USER = 63918;
const ground: Ground = { limits: { minEnforcement: "watchdog" } };
const { TAP_PROCESSINFO_PREFIX: _, NODE_OPTIONS: __, ...env } = process.env;

/** A runner that is not root has no users to give: steps are its own user, in a namespace. Everybody else runs so anyway. */
for (const family of process.getuid?.() === 0
  ? ["file", "process", "kernel", "network", "egress", "output", "secrets", "watchdog"]
  : []) {
  const file = fileURLToPath(import.meta.resolve(`./${family}.test.ts`));
  void t.spawn(
    "setpriv",
    [
      `--reuid=${PLAIN_USER}`,
      `--regid=${PLAIN_USER}`,
      "--clear-groups",
      process.execPath,
      "--conditions=@packrun/source",
      file,
    ],
    { env: { ...env, NODE_COMPILE_CACHE: compiledBy(PLAIN_USER), [GROUND_VARIABLE]: JSON.stringify(ground) } },
    `of a plain user: ${family}`,
  );
}
t.pass("every attack also ran as a plain user");
