import { fileURLToPath } from "node:url";
import t from "tap";
import { compiledBy } from "../../compiled.ts";
import { containerScript } from "../container.ts";
import { GROUND_VARIABLE, type Ground } from "./run-attacks.ts";

const ground: Ground = {
  options: { proc: "host", cgroups: { kind: "none" } },
  limits: { minEnforcement: "watchdog" },
};
const { TAP_PROCESSINFO_PREFIX: _, NODE_OPTIONS: __, ...env } = process.env;

/** A user that owns nothing else, as the container and the host number it. */
const USER = 10_001;

/** Where only the filter stands between a step and namespaces of its own, and /proc is that of the container. */
if (process.getuid?.() === 0) {
  const file = fileURLToPath(import.meta.resolve("./kernel.test.ts"));
  const script = containerScript({ uid: USER }, `'${process.execPath}' --conditions=@packrun/source '${file}'`);
  void t.spawn(
    "unshare",
    ["--mount", "sh", "-ec", script],
    { env: { ...env, NODE_COMPILE_CACHE: compiledBy(USER), [GROUND_VARIABLE]: JSON.stringify(ground) } },
    "in a container: kernel",
  );
}
t.pass("every attack on the kernel also ran in a container");
