import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ratio, runProgram, type Figure } from "./measure.ts";
import { cliProgram } from "./programs.ts";
import { temporaryFolder } from "./samples.ts";

/** `packrun --version` beside an empty script on the same Node. */
export async function* figures(): AsyncGenerator<Figure> {
  using folder = temporaryFolder();
  const empty = join(folder.path, "empty.mjs");
  writeFileSync(empty, "");
  const measured = await ratio(
    20,
    () => runProgram([...cliProgram, "--version"], folder.path),
    () => runProgram([process.execPath, empty], folder.path),
  );
  yield {
    name: "packrun --version / empty Node script",
    value: measured.ratio,
    unit: "×",
    goal: 1.6,
    detail: `${measured.a.toFixed(0)} ms, ${measured.b.toFixed(0)} ms`,
  };
}
