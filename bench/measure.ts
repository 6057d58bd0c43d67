import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/** One figure: a ratio of two things measured in turn in the same run, with the goal that it is held against. */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: number;
  readonly detail: string;
};

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Runs both in turn, `rounds` times after one warm-up; the median of the ratios a/b and of each time. */
export async function ratio(
  rounds: number,
  a: () => unknown,
  b: () => unknown,
): Promise<{ readonly ratio: number; readonly a: number; readonly b: number }> {
  await a();
  await b();
  const pairs: { a: number; b: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    pairs.push({ a: await timed(a), b: await timed(b) });
  }
  return {
    ratio: median(pairs.map((pair) => pair.a / pair.b)),
    a: median(pairs.map((pair) => pair.a)),
    b: median(pairs.map((pair) => pair.b)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export type Finished = { readonly stdout: string; readonly milliseconds: number };

/** Runs a program to its end and fails on any exit code but 0. */
export function runProgram(argv: readonly string[], cwd: string): Finished {
  const [program = "", ...rest] = argv;
  const start = performance.now();
  const env = { ...process.env, CI: "1" };
  const child = spawnSync(program, rest, { cwd, encoding: "utf8", maxBuffer: 1 << 28, env });
  const milliseconds = performance.now() - start;
  if (child.status !== 0) {
    throw new Error(`${argv.join(" ")} ended with ${child.status ?? child.signal}: ${child.stderr.slice(-2000)}`);
  }
  return { stdout: child.stdout, milliseconds };
}

/** The same, watched: the highest resident memory of the process itself in MiB, read every 20 ms from /proc. */
export async function peakMemory(
  argv: readonly string[],
  cwd: string,
): Promise<Finished & { readonly peakMiB: number }> {
  const [program = "", ...rest] = argv;
  const start = performance.now();
  const child = spawn(program, rest, { cwd, env: { ...process.env, CI: "1" }, stdio: ["ignore", "pipe", "ignore"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  let peakMiB = 0;
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, highWaterMark(child.pid ?? 0));
  }, 20);
  const [status] = (await once(child, "close")) as [number | null];
  clearInterval(watch);
  if (status !== 0) {
    throw new Error(`${argv.join(" ")} ended with ${status}`);
  }
  return { stdout, milliseconds: performance.now() - start, peakMiB };
}

function highWaterMark(pid: number): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}
