import { readFileSync, readdirSync } from "node:fs";
import t from "tap";
import { artifactsAttacks } from "./artifacts-attacks.ts";
import { egressAttacks } from "./egress-attacks.ts";
import { fileAttacks } from "./file-attacks.ts";
import { kernelAttacks } from "./kernel-attacks.ts";
import { limitsAttacks } from "./limits-attacks.ts";
import { networkAttacks } from "./network-attacks.ts";
import { outputAttacks } from "./output-attacks.ts";
import { processAttacks } from "./process-attacks.ts";
import { runnerCrashAttacks } from "./runner-crash-attacks.ts";
import { secretsAttacks } from "./secrets-attacks.ts";
import { watchdogAttacks } from "./watchdog-attacks.ts";

const families: Readonly<Record<string, readonly { readonly name: string }[]>> = {
  artifacts: artifactsAttacks,
  egress: egressAttacks,
  file: fileAttacks,
  kernel: kernelAttacks,
  limits: limitsAttacks,
  network: networkAttacks,
  output: outputAttacks,
  process: processAttacks,
  "runner-crash": runnerCrashAttacks,
  secrets: secretsAttacks,
  watchdog: watchdogAttacks,
};

t.test("the suite has many attacks, each with a name of its own", async (t) => {
  const names = Object.values(families).flatMap((attacks) => attacks.map(({ name }) => name));
  t.ok(names.length >= 200, `${names.length} attacks`);
  t.strictSame(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

t.test("every family is there and runs all its attacks; none can be skipped", async (t) => {
  const files = readdirSync(import.meta.dirname).toSorted();
  const listed = files.flatMap((file) => (file.endsWith("-attacks.ts") ? [file.replace("-attacks.ts", "")] : []));
  t.strictSame(
    listed.filter((name) => name !== "run"),
    Object.keys(families),
  );
  for (const family of Object.keys(families)) {
    t.ok(files.includes(`${family}.test.ts`), family);
    t.ok((families[family]?.length ?? 0) > 0, family);
  }
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    t.notMatch(
      readFileSync(`${import.meta.dirname}/${file}`, "utf8"),
      /\b(?:skip|todo|only)\s*:|\.(?:skip|todo)\(/,
      file,
    );
  }
});
