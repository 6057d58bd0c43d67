import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { peerVector, stepUser, type PeerVector } from "./peer-vector.ts";

/** Milliseconds that a loop takes which does nothing but spawn the sandbox's own bwrap vector around `true`. */
export async function bareLoop(steps: number, parallel: number): Promise<number> {
  using vector = peerVector();
  const start = performance.now();
  let left = steps;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await spawnOne(vector);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return performance.now() - start;
}

async function spawnOne({ argv, files }: PeerVector): Promise<void> {
  const fds = [openSync(files[4], "r"), openSync(files[5], "w"), openSync(files[6], "r")];
  const stdio = ["ignore", "ignore", "ignore", "ignore", ...fds] as const;
  const child = spawn("bwrap", argv, { ...stepUser, cwd: "/", stdio: [...stdio] });
  fds.forEach((fd) => closeSync(fd));
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) {
    throw new Error(`bwrap ended with ${code}`);
  }
}
