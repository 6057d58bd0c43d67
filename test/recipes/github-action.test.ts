import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { MAIN } from "../cli/command-line.ts";
import { Place } from "../cli/place.ts";
import { COMPILED } from "../compiled.ts";

const PROJECT = join(import.meta.dirname, "../..");

type Step = { readonly id?: string; readonly name?: string; readonly shell?: string; readonly run?: string };
type Action = {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly required?: boolean }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
};

const text = readFileSync(join(PROJECT, "recipes/github-action/action.yml"), "utf8");
const action = parse(text) as Action;
const script = (id: string): string => action.runs.steps.find((step) => step.id === id)?.run ?? "";

t.test("every input is used, every used one is declared, and none is pasted into a script", async (t) => {
  const used = [...text.matchAll(/inputs\.([a-z-]+)/g)].map(([, name = ""]) => name);
  t.strictSame([...new Set(used)].toSorted(), Object.keys(action.inputs).toSorted());
  t.equal(action.runs.using, "composite");
  for (const { name = "", shell, run } of action.runs.steps.filter((step) => step.run !== undefined)) {
    t.equal(shell, "bash", name);
    t.notMatch(run, "${{", name);
    t.equal(spawnSync("bash", ["-n"], { input: run ?? "" }).status, 0, name);
  }
});

t.test("its scripts lint packs into SARIF and show what changed in a plan", async (t) => {
  const place = new Place(t);
  place.write("bin/packrun", `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`, 0o755);
  mkdirSync(place.here("packs"));
  cpSync(join(PROJECT, "packs/quickstart"), place.here("packs/quickstart"), { recursive: true });
  mkdirSync(place.here("temp"));
  const env = {
    PATH: `${place.here("bin")}:${process.env["PATH"] ?? ""}`,
    HOME: place.folder,
    PACKS: "packs/quickstart\n\n",
    BASE: "HEAD",
    RUNNER_TEMP: place.here("temp"),
    GITHUB_OUTPUT: place.here("output"),
    GITHUB_STEP_SUMMARY: place.here("summary.md"),
    GIT_CONFIG_GLOBAL: "/dev/null",
    NO_COLOR: "1",
    NODE_COMPILE_CACHE: COMPILED,
  };
  const bash = (commands: string) =>
    spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", commands], {
      cwd: place.folder,
      env,
      encoding: "utf8",
    });
  const identity = "-c user.name=test -c user.email=test@example.com";
  const made = bash(`git init -q . && git add packs && git ${identity} commit -qm packs`);
  t.equal(made.status, 0, made.stderr);
  const pack = readFileSync(place.here("packs/quickstart/pack.yaml"), "utf8");
  writeFileSync(place.here("packs/quickstart/pack.yaml"), pack.replace("default: 10", "default: 15"));

  t.match(bash(script("lint")), { status: 0 });
  t.match(JSON.parse(readFileSync(place.here("temp/packrun.sarif"), "utf8")), { version: "2.1.0", runs: [{}] });
  t.match(bash(script("plan")), { status: 0 });
  t.match(readFileSync(place.here("summary.md"), "utf8"), /^### packs\/quickstart\n\n```diff\n[^]*- 10\n[^]*\+ 15\n/);
  t.equal(
    readFileSync(place.here("output"), "utf8"),
    `sarif=${place.here("temp/packrun.sarif")}\nplans=${place.here("temp/packrun-plans.md")}\n`,
  );
  writeFileSync(place.here("packs/quickstart/pack.yaml"), pack.replace("steps:", "stops:"));
  t.match(bash(script("lint")), { status: 3, stderr: /did you mean "steps"/ });
});
