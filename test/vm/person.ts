import { spawn, type ChildProcess } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { containerScript, type Container } from "../sandbox/container.ts";

const MAIN = "/opt/packrun/dist/cli/main.js";

export type Event = {
  readonly eventType: string;
  readonly stepId?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
};

export type Ended = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--format ndjson` printed. */
  readonly events: readonly Event[];
};

/** Somebody on the guest who runs packrun in a folder of their own. */
export type Person = {
  readonly name: string;
  readonly uid: number;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where packrun runs; its user is then that of the container. */
  readonly container?: Container;
};

export function personOf(name: string, uid: number, env: Readonly<Record<string, string>> = {}): Person {
  const folder = `/var/lib/packrun-${name.replaceAll(/\W/g, "-")}`;
  mkdirSync(folder, { recursive: true });
  chownSync(folder, uid, uid);
  return {
    name,
    uid,
    folder,
    env: { PATH: "/opt/packrun/bin:/usr/bin:/bin", HOME: folder, NODE_COMPILE_CACHE: `${folder}/compiled`, ...env },
  };
}

/** Puts a pack into the person's folder. */
export function givePack(person: Person, name: string, text: string): string {
  const pack = join(person.folder, name);
  mkdirSync(pack, { recursive: true });
  writeFileSync(join(pack, "pack.yaml"), text);
  return pack;
}

export function copyPack(person: Person, from: string): string {
  const pack = join(person.folder, "copied");
  cpSync(from, pack, { recursive: true });
  return pack;
}

export function start(person: Person, ...args: readonly string[]): ChildProcess {
  const { uid, folder, env, container } = person;
  if (container !== undefined) {
    const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ");
    return spawn("/usr/bin/unshare", ["-m", "sh", "-ec", containerScript(container, command)], {
      cwd: folder,
      env: { ...env },
    });
  }
  return spawn(process.execPath, [MAIN, ...args], { uid, gid: uid, cwd: folder, env: { ...env } });
}

export async function packrun(person: Person, ...args: readonly string[]): Promise<Ended> {
  return ending(start(person, ...args));
}

export async function ending(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => (texts[name] += text));
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const lines = texts.stdout.split("\n").filter((line) => line.startsWith('{"') && line.includes('"eventType"'));
  return { code, ...texts, events: lines.map((line) => JSON.parse(line) as Event) };
}

/** Host pids of processes whose command line holds this. */
export function running(words: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && readOr(`/proc/${name}/cmdline`).replaceAll("\0", " ").includes(words))
    .map(Number);
}

/** Folders of cgroups that are ours. */
export function leftCgroups(from = "/sys/fs/cgroup"): readonly string[] {
  return readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith("packrun."))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Waits for something that follows from something else; false when it does not within two minutes. */
export async function until(holds: () => boolean): Promise<boolean> {
  for (let round = 0; round < 1200; round += 1) {
    if (holds()) {
      return true;
    }
    await wait(100);
  }
  return holds();
}

export function readOr(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, "latin1") : "";
  } catch {
    return "";
  }
}
