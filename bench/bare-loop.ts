import { spawn } from "node:child_process";
import { once } from "node:events";
import { peerVector, stepUser } from "./peer-vector.ts";

/** Milliseconds that a loop takes which does nothing but spawn the sandbox's own bwrap vector around `true`. */
export async function bareLoop(steps: number, parallel: number): Promise<number> {
  using vector = peerVector();
  const start = performance.now();
  let left = steps;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await spawnOne(vector.argv);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return performance.now() - start;
}

async function spawnOne(argv: readonly string[]): Promise<void> {
  const child = spawn("bwrap", argv, { ...stepUser, cwd: "/", stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) {
    throw new Error(`bwrap ended with ${code}`);
  }
}
