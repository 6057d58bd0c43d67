import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import type { SandboxOptions } from "../../../src/sandbox/sandbox.ts";
import { openRig, reasonOf, textOf, type Ran, type Rig, type Wanted } from "../sandbox-rig.ts";
import type { OutputBatch } from "#port/step-runner.ts";
import type { Attack, Bait, Expected } from "./attack.ts";
import { marked } from "./marked-processes.ts";

/** How a sandbox is made for attacks, and what every one of them asks for beside its own. */
export type Ground = {
  readonly options?: Partial<SandboxOptions>;
  readonly mode?: Wanted["mode"];
  readonly limits?: Wanted["limits"];
};

/** A parent that starts a file of attacks once more says here on what ground. */
export const GROUND_VARIABLE = "PACKRUN_TEST_GROUND";

const prelude = readFileSync(fileURLToPath(import.meta.resolve("./attack.py")), "utf8");

/**
 * Makes each attack a test, two at a time, in one sandbox that they share as the steps of runs do. When all have ended,
 * the sandbox is closed, and nothing of them may be left in its folder.
 */
export function runAttacks(t: Test, attacks: readonly Attack[], ground: Ground = groundOfParent()): void {
  const rig = grounded(openRig(t, ground.options), ground);
  rig.stage("pack/attack.py", prelude);
  t.jobs = 2;
  for (const attack of attacks) {
    t.test(`a step cannot ${attack.name}`, { buffered: true }, (t) => runAttack(t, rig, attack));
  }
  t.test("of all this nothing is left", { buffered: false }, async (t) => {
    await rig.runner.close();
    t.strictSame(
      readdirSync(rig.scratch, { recursive: true })
        .map(String)
        .filter((name) => /slot|attempt|sandbox|uids\//.test(name)),
      [],
    );
  });
}

export function groundOfParent(): Ground {
  return JSON.parse(process.env[GROUND_VARIABLE] ?? "{}") as Ground;
}

/** The same sandbox, of which everything, the baits' own steps included, is asked as the ground says. */
function grounded(rig: Rig, { mode, limits }: Ground): Rig {
  const asked = (wanted: Wanted): Wanted => ({
    ...(mode === undefined ? {} : { mode }),
    ...wanted,
    limits: { ...limits, ...wanted.limits },
  });
  return {
    ...rig,
    request: (wanted) => rig.request(asked(wanted)),
    prepare: (wanted) => rig.prepare(asked(wanted)),
    run: (wanted) => rig.run(asked(wanted)),
  };
}

async function runAttack(t: Test, rig: Rig, attack: Attack): Promise<void> {
  const mark = randomUUID();
  const bait = await attack.bait?.(rig);
  try {
    const { outcome, stdout, stderr } = await start(rig, attack, wantedOf(attack, bait, mark));
    const seen = JSON.stringify({ outcome, stdout: stdout.slice(-2000), stderr: stderr.slice(-2000) });
    t.ok(!/won/.test(`${stdout}\n${stderr}`), `nothing got through: ${seen}`);
    meet(t, attack.expect, { outcome, stdout, stderr }, seen);
    t.strictSame(marked(mark), [], "nothing of it runs any more");
    t.equal(await bait?.damage?.(outcome), undefined);
  } finally {
    await bait?.remove?.();
  }
}

function wantedOf(attack: Attack, bait: Bait | undefined, mark: string): Wanted {
  const { name: _, expect: __, bait: ___, stopAt: ____, ...wanted } = attack;
  return {
    ...wanted,
    program: programOf(attack),
    env: { ...wanted.env, ...bait?.env, RED_TEAM: mark, PYTHONPATH: "/run/packrun/pack" },
    mounts: bait?.mounts ?? [],
    egress: bait?.egress ?? [],
    stepId: bait?.stepId ?? "step",
  };
}

function programOf(attack: Attack): NonNullable<Wanted["program"]> {
  if ("sh" in attack || "bash" in attack) {
    const shell = "sh" in attack ? "sh" : "bash";
    return { kind: "script", shell, text: "sh" in attack ? attack.sh : attack.bash };
  }
  const argv = "py" in attack ? ["/usr/bin/python3", "-B", "-c", `from attack import *\n${attack.py}`] : attack.argv;
  return { kind: "command", argv };
}

async function start(rig: Rig, { stopAt }: Attack, wanted: Wanted): Promise<Omit<Ran, "prepared">> {
  const prepared = await rig.prepare(wanted);
  const batches: OutputBatch[] = [];
  const outcome = await prepared.start((batch) => {
    batches.push(batch);
    if (stopAt !== undefined && textOf(batches).includes(stopAt)) {
      prepared.stop({ now: true });
    }
    return Promise.resolve();
  });
  return { outcome, batches, stdout: textOf(batches, "stdout"), stderr: textOf(batches, "stderr") };
}

function meet(t: Test, expected: Expected, ran: Pick<Ran, "outcome" | "stdout" | "stderr">, seen: string): void {
  const { outcome, stdout, stderr } = ran;
  t.equal(reasonOf(outcome), expected.reason ?? "succeeded", seen);
  if (expected.exitCode !== undefined) {
    t.match(outcome, { exitCode: expected.exitCode }, seen);
  }
  if (expected.stdout !== undefined) {
    t.ok(fits(expected.stdout, stdout), `stdout: ${seen}`);
  }
  if (expected.stderr !== undefined) {
    t.ok(fits(expected.stderr, stderr), `stderr: ${seen}`);
  }
  if (expected.hit !== undefined) {
    t.ok(outcome.usage?.hit.includes(expected.hit), seen);
  }
  if (expected.hint !== undefined) {
    t.match(outcome.kind === "failed" ? outcome.hint : "", expected.hint, seen);
  }
}

function fits(expected: string | RegExp, text: string): boolean {
  return typeof expected === "string" ? text === expected : expected.test(text);
}
