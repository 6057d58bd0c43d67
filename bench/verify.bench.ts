import { readdirSync } from "node:fs";
import { join } from "node:path";
import { median, peakMemory, runProgram, type Figure } from "./measure.ts";
import { cliProgram, verifierProgram } from "./programs.ts";
import { filePack, temporaryFolder, writePack } from "./samples.ts";

const ROUNDS = 5;
const FILES = 8;
const MEBIBYTES = 128;

/** Verifying a bundle with 1 GiB of artifacts, beside `sha256sum` over the same files. */
export async function* figures(): AsyncGenerator<Figure> {
  using folder = temporaryFolder();
  const pack = writePack(folder.path, "files", filePack(FILES, MEBIBYTES));
  const run = runProgram([...cliProgram, "run", pack, "--json"], folder.path);
  const { evidence } = JSON.parse(run.stdout) as { evidence: string };
  const trust = join(folder.path, ".packrun", "trust", "trust-root.json");
  const artifacts = join(evidence, "artifacts", "sha256");
  const files = readdirSync(artifacts).map((name) => join(artifacts, name));
  for (const [name, verifier] of [
    ["packrun verify", [...cliProgram, "verify", evidence, "--trust", trust]],
    ["single-file verifier", [...verifierProgram, evidence, "--trust", trust]],
  ] as const) {
    const ratios: number[] = [];
    const peaks: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const verified = await peakMemory(verifier, folder.path);
      const hashed = runProgram(["sha256sum", ...files], folder.path);
      if (round > 0) {
        ratios.push(verified.milliseconds / hashed.milliseconds);
        peaks.push(verified.peakMiB);
      }
    }
    yield {
      name: `${name}, 1 GiB / sha256sum`,
      value: median(ratios),
      unit: "×",
      goal: 1.3,
      detail: `${ROUNDS} pairs`,
    };
    yield {
      name: `${name}, peak memory`,
      value: Math.max(...peaks),
      unit: "MiB",
      goal: 200,
      detail: "1 GiB of artifacts",
    };
  }
}
