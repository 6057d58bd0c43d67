import { peakMemory, type Figure } from "./measure.ts";
import { cliProgram } from "./programs.ts";
import { printingPack, temporaryFolder, writePack } from "./samples.ts";

/** What the runner has resident at most while a step prints, ledger and sealed evidence included. */
export async function* figures(): AsyncGenerator<Figure> {
  using folder = temporaryFolder();
  for (const mebibytes of [64, 1024]) {
    const pack = writePack(folder.path, `print-${mebibytes}`, printingPack(mebibytes));
    const watched = await peakMemory([...cliProgram, "run", pack, "--json"], folder.path);
    yield {
      name: `peak memory of the runner, a step prints ${mebibytes} MiB`,
      value: watched.peakMiB,
      unit: "MiB",
      goal: 200,
      detail: `${(watched.milliseconds / 1000).toFixed(0)} s`,
    };
  }
}
