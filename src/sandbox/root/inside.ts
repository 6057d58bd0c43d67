import type { AttemptRequest } from "#port/step-runner.ts";
import { egressEnv } from "../egress-env.ts";

/** What a step sees: the same paths on every host. */
export const inside = {
  root: "/run/packrun",
  pack: "/run/packrun/pack",
  in: "/run/packrun/in",
  inputs: "/run/packrun/inputs",
  work: "/run/packrun/work",
  output: "/run/packrun/output.json",
  secrets: "/run/packrun/secrets",
  script: "/run/packrun/script",
  init: "/run/packrun/init",
  tmp: "/tmp",
  home: "/tmp/home",
} as const;

export const INSIDE_PATH = "/usr/local/bin:/usr/bin:/bin";

/** The step's user and group inside; outside it is the uid of its slot. */
export const INSIDE_ID = 1000;

/** Small files of a fixed text that programs expect below `/etc`. */
export const etcFiles: Readonly<Record<string, string>> = {
  passwd: `step:x:${INSIDE_ID}:${INSIDE_ID}:step:${inside.home}:/bin/sh\n`,
  group: `step:x:${INSIDE_ID}:\n`,
  hosts: "127.0.0.1 localhost\n::1 localhost\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

/**
 * The whole environment of a step. PATH and what begins with PACKRUN_ cannot be set by the pack; secrets come last because their names
 * are declared in the same map as the plain variables and so never meet them.
 */
export function insideEnv(request: AttemptRequest): Readonly<Record<string, string>> {
  return {
    LANG: "C.UTF-8",
    TZ: "UTC",
    HOME: inside.home,
    TMPDIR: inside.tmp,
    USER: "step",
    LOGNAME: "step",
    ...egressEnv(request.sandbox),
    ...request.env,
    ...request.secretEnv,
    ...Object.fromEntries(Object.keys(request.secretFiles).map((name) => [name, secretPath(name)])),
    PATH: INSIDE_PATH,
    PACKRUN_PACK: inside.pack,
    PACKRUN_IN: inside.in,
    PACKRUN_OUTPUT: inside.output,
    PACKRUN_RUN_ID: request.runId,
    PACKRUN_STEP_ID: request.stepId,
    PACKRUN_ATTEMPT: String(request.attempt),
    PACKRUN_PLAN_HASH: request.planHash,
    PACKRUN_SEED: request.seed,
    SOURCE_DATE_EPOCH: String(request.sourceDateEpoch),
  };
}

export function secretPath(name: string): string {
  return `${inside.secrets}/${name}`;
}

/** The argv inside. A file of the pack gets its path there; a script is a file, run so that its first error ends it. */
export function insideArgv(program: AttemptRequest["program"]): readonly string[] {
  if (program.kind === "script") {
    return program.shell === "bash"
      ? ["/bin/bash", "-euo", "pipefail", inside.script]
      : ["/bin/sh", "-eu", inside.script];
  }
  const [first = "", ...rest] = program.argv;
  return [first.startsWith("./") ? `${inside.pack}/${first.slice(2)}` : first, ...rest];
}
