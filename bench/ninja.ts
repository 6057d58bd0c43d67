import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { peerVector, stepUser } from "./peer-vector.ts";

/** Installs ninja where it is missing, and says so. */
export function needNinja(): void {
  if (spawnSync("ninja", ["--version"]).status === 0) {
    return;
  }
  process.stderr.write("bench: installing ninja-build with apt-get\n");
  const installed = spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "ninja-build"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (installed.status !== 0) {
    throw new Error("ninja is missing and could not be installed");
  }
}

/** Milliseconds that ninja takes for as many independent targets, each the sandbox's own bwrap vector around `true`. */
export function ninja(steps: number, parallel: number): number {
  using vector = peerVector();
  const place = join(vector.folder, "ninja");
  mkdirSync(place);
  const { 4: filter, 5: status, 6: token } = vector.files;
  const words = ["bwrap", ...vector.argv].map(quote).join(" ");
  const command = `${words} 4<${filter} 5>${status} 6<${token}`.replaceAll("$", "$$$$");
  const targets = Array.from({ length: steps }, (_, at) => `build t${at}: step\n`);
  writeFileSync(join(place, "build.ninja"), `rule step\n  command = ${command}\n${targets.join("")}`);
  chmodSync(place, 0o755);
  chownSync(place, stepUser.uid ?? -1, stepUser.gid ?? -1);
  const start = performance.now();
  const ended = spawnSync("ninja", ["--quiet", "-j", String(parallel)], { ...stepUser, cwd: place, encoding: "utf8" });
  const milliseconds = performance.now() - start;
  if (ended.status !== 0) {
    throw new Error(`ninja ended with ${ended.status ?? ended.signal}: ${ended.stdout.slice(-2000)}`);
  }
  return milliseconds;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
