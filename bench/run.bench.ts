import { median, peakMemory, runProgram, type Figure } from "./measure.ts";
import { cliProgram } from "./programs.ts";
import { bareLoop } from "./bare-loop.ts";
import { temporaryFolder, truePack, writePack } from "./samples.ts";

const ROUNDS = 3;
const STEPS = 1000;

/** Sealed `true` steps with full ledger and signed evidence, beside a bare loop that spawns the same bwrap vector. */
export async function* figures(): AsyncGenerator<Figure> {
  using folder = temporaryFolder();
  const pack = writePack(folder.path, "thousand", truePack(STEPS));
  for (const parallel of [1, 2]) {
    const ratios: number[] = [];
    const times: string[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const run = runProgram([...cliProgram, "run", pack, "--json", "--max-parallel", String(parallel)], folder.path);
      const bare = await bareLoop(STEPS, parallel);
      if (round > 0) {
        ratios.push(run.milliseconds / bare);
        times.push(`${run.milliseconds.toFixed(0)}/${bare.toFixed(0)} ms`);
      }
    }
    yield {
      name: `${STEPS} sealed steps, ${parallel} at once / bare loop over the same bwrap vector`,
      value: median(ratios),
      unit: "×",
      goal: 2,
      detail: times.join(", "),
    };
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
