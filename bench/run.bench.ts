import { readFileSync } from "node:fs";
import { join } from "node:path";
import { median, peakMemory, runProgram, type Figure } from "./measure.ts";
import { cliProgram } from "./programs.ts";
import { bareLoop } from "./bare-loop.ts";
import { needNinja, ninja } from "./ninja.ts";
import { temporaryFolder, truePack, writePack } from "./samples.ts";

const ROUNDS = 5;
const STEPS = 1000;

/** Sealed `true` steps with full ledger and signed evidence, beside a bare loop that spawns the same bwrap vector. */
export async function* figures(): AsyncGenerator<Figure> {
  using folder = temporaryFolder();
  const pack = writePack(folder.path, "thousand", truePack(STEPS));
  needNinja();
  for (const parallel of [1, 2, 8]) {
    yield* beside(pack, folder.path, parallel);
  }
  const large = writePack(folder.path, "ten-thousand", truePack(10_000));
  const watched = await peakMemory([...cliProgram, "run", large, "--json"], folder.path);
  yield {
    name: "peak memory of the runner, 10,000 sealed steps",
    value: watched.peakMiB,
    unit: "MiB",
    goal: 200,
    detail: `${(watched.milliseconds / 1000).toFixed(0)} s`,
  };
}

async function* beside(pack: string, cwd: string, parallel: number): AsyncGenerator<Figure> {
  const rounds: { run: number; steps: number; bare: number; ninja: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const run = runProgram([...cliProgram, "run", pack, "--json", "--max-parallel", String(parallel)], cwd);
    const ended = Date.now();
    const took = {
      run: run.milliseconds,
      steps: ended - firstStart(run.stdout, cwd),
      bare: await bareLoop(STEPS, parallel),
      ninja: ninja(STEPS, parallel),
    };
    if (round > 0) {
      rounds.push(took);
    }
  }
  const sealed = `${STEPS} sealed steps, ${parallel} at once`;
  for (const [name, what, peer, goal] of [
    [`${sealed} / bare loop over the same bwrap vector`, "run", "bare", 2],
    [`${sealed} / ninja over the same bwrap vector`, "run", "ninja", 1.3],
    [`${sealed}, from the first step to the signed evidence / ninja over the same bwrap vector`, "steps", "ninja", 1.3],
  ] as const) {
    yield {
      name,
      value: median(rounds.map((took) => took[what] / took[peer])),
      unit: "×",
      goal,
      detail: rounds.map((took) => `${took[what].toFixed(0)}/${took[peer].toFixed(0)} ms`).join(", "),
    };
  }
}

/** When the first step started, as the ledger has it, in milliseconds since 1970: command and plan are done by then. */
function firstStart(answer: string, cwd: string): number {
  const { runId } = JSON.parse(answer) as { readonly runId: string };
  const lines = readFileSync(join(cwd, ".packrun", "runs", runId, "ledger.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  const events = lines.map((line) => JSON.parse(line) as { readonly eventType: string; readonly timestamp: string });
  return Date.parse(events.find(({ eventType }) => eventType === "step.started")?.timestamp ?? "");
}
