import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { etcFiles } from "../src/sandbox/inside.ts";
import { sealedVector } from "../src/sandbox/sealed-vector.ts";

const STEP_UID = 64_000;

/** Milliseconds that a loop takes which does nothing but spawn the sandbox's own bwrap vector around `true`. */
export async function bareLoop(steps: number, parallel: number): Promise<number> {
  const folder = mkdtempSync("/var/tmp/packrun-bench-");
  try {
    chmodSync(folder, 0o711);
    const argv = vectorIn(folder);
    const start = performance.now();
    let left = steps;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await spawnOne(argv);
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return performance.now() - start;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function vectorIn(folder: string): readonly string[] {
  const at = (name: string): string => join(folder, name);
  for (const name of ["etc", "work", "pack"]) {
    mkdirSync(at(name));
  }
  for (const [name, text] of Object.entries(etcFiles)) {
    writeFileSync(join(at("etc"), name), text);
  }
  writeFileSync(at("output.json"), "");
  if (process.getuid?.() === 0) {
    chownSync(at("work"), STEP_UID, STEP_UID);
    chownSync(at("output.json"), STEP_UID, STEP_UID);
  }
  const vector = sealedVector({
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", TZ: "UTC" },
    etcFolder: at("etc"),
    workFolder: at("work"),
    outputFile: at("output.json"),
    packFolder: at("pack"),
    mounts: [],
    secretFiles: [],
    secretFd: 6,
    memoryBytes: 256 * 1024 * 1024,
  });
  return [...vector, "--", "true"];
}

async function spawnOne(argv: readonly string[]): Promise<void> {
  const dropped = process.getuid?.() === 0 ? { uid: STEP_UID, gid: STEP_UID } : {};
  const child = spawn("bwrap", argv, { ...dropped, cwd: "/", stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) {
    throw new Error(`bwrap ended with ${code}`);
  }
}
