import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import type { Sandbox } from "#plan/plan.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { removeAttemptFolder, type AttemptFolder } from "../attempt-folder.ts";
import type { Launcher } from "./launcher.ts";

/** What the steps of a slot have in common. */
export type SlotKind = {
  readonly mode: Sandbox["mode"];
  readonly secretPipes: number;
  /** Its launcher has a channel to the runner: it is for steps with a way out, and for no others. */
  readonly channel: boolean;
};

/** A place in which one step runs at a time: a user, a cgroup, a launcher and FIFOs, used again and again. */
export type Slot = SlotKind & {
  readonly name: string;
  /** Host folder with the FIFOs `word`, `status`, `out`, `err`, `token`, `args`, `secret0`… and the file `launch`. */
  readonly folder: string;
  /** Undefined when the runner is not root: then steps run as the runner's own user. */
  readonly uid: number | undefined;
  readonly cgroup: Cgroup | undefined;
  readonly launcher: Launcher;
  /** What earlier steps left as it was, for the next one. */
  readonly left: { folder?: AttemptFolder | undefined; launch?: string };
};

const run = promisify(execFile);

export type SlotFolder = { readonly path: string; readonly uid: number | undefined; readonly secretPipes: number };

/** Those of every slot. */
const FIFOS = ["word", "status", "out", "err", "token", "args"] as const;

/**
 * Makes the folders of slots with all their FIFOs by one call of `mkfifo`. The folder lets its slot's group pass and
 * nobody else; a step may open its output again (`echo >/dev/stdout`), which asks for the right to write only.
 */
export async function makeSlotFolders(folders: readonly SlotFolder[]): Promise<void> {
  for (const { path, uid } of folders) {
    mkdirSync(path, { mode: 0o710 });
    chmodSync(path, 0o710);
    if (uid !== undefined) {
      chownSync(path, 0, uid);
    }
  }
  const fifos = folders.flatMap(({ path, secretPipes }) =>
    [...FIFOS, ...Array.from({ length: secretPipes }, (_, at) => `secret${at}`)].map((name) => join(path, name)),
  );
  await run("mkfifo", ["-m", "0600", ...fifos], { env: { PATH: "/usr/bin:/bin" } });
  for (const { path } of folders) {
    openForWriting(path);
    chmodSync(join(path, "token"), 0o644);
  }
}

/**
 * Gives the FIFOs that a step writes into their rights. A step of a runner that is not root owns them and may take the
 * rights away through its descriptors, so this is done again for the next one.
 */
export function openForWriting(folder: string): void {
  ["status", "out", "err"].forEach((name) => chmodSync(join(folder, name), 0o622));
}

/**
 * Ends the launcher with all that it started and takes away what the slot left on the host. False when processes may be
 * left: then nobody else may have the slot's user.
 */
export async function dissolveSlot({
  folder,
  cgroup,
  launcher,
  left,
}: Pick<Slot, "folder" | "cgroup" | "launcher" | "left">): Promise<boolean> {
  await launcher.end();
  if (left.folder !== undefined) {
    await removeAttemptFolder(left.folder);
  }
  let isGone = cgroup === undefined || cgroup.remove();
  for (let round = 0; round < 400 && !isGone; round += 1) {
    cgroup?.members()?.forEach(tryKill);
    await wait(5);
    isGone = cgroup?.remove() !== false;
  }
  rmSync(folder, { recursive: true, force: true });
  return isGone;
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
