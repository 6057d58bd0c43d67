import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ratio, runProgram, type Figure } from "./measure.ts";
import { cliProgram } from "./programs.ts";
import { temporaryFolder, truePack, writePack } from "./samples.ts";

const STEPS = 200;
const ROUNDS = 5;
const WAY_OUT = 'egressAllowlist: ["registry.acme.example:443"], egressQuota: {requests: 9, bytes: 1Mi}';

/** Sealed `true` steps with a way out that they do not use, beside the same steps without one. */
export async function* figures(): AsyncGenerator<Figure> {
  using folder = temporaryFolder();
  const without = writePack(folder.path, "without", truePack(STEPS));
  const having = writePack(folder.path, "with", "");
  const text = readFileSync(join(without, "pack.yaml"), "utf8");
  writeFileSync(join(having, "pack.yaml"), text.replace("egressAllowlist: []", WAY_OUT));
  for (const parallel of [1, 2]) {
    const run = (pack: string) => () =>
      runProgram([...cliProgram, "run", pack, "--json", "--max-parallel", String(parallel)], folder.path);
    const measured = await ratio(ROUNDS, run(having), run(without));
    yield {
      name: `${STEPS} sealed steps with a way out, ${parallel} at once / without`,
      value: measured.ratio,
      unit: "×",
      goal: 1.2,
      detail: `${(measured.a / STEPS).toFixed(1)} ms, ${(measured.b / STEPS).toFixed(1)} ms for each step`,
    };
  }
}
