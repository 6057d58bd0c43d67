import { execFile, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { realOf } from "../root/hidden-places.ts";
import { mountPointsFor, type Mount } from "../root/mount-table.ts";
import { PROGRAM_LINKS } from "../root/root-view.ts";

/** A program with its arguments. */
type Command = readonly [file: string, args: readonly string[]];

/**
 * A mount namespace that has only those mounts of the host from which `sealed` sandboxes are built. bubblewrap copies the
 * table of mounts, and reads it again for each mount that it makes: a step shall not cost more where more is mounted.
 */
export type LeanMounts = {
  /** The command that becomes another one in there, as a user that is not root. */
  readonly enter: (uid: number, command: Command) => Command;
  readonly close: () => void;
};

export type LeanPlace = {
  /** A folder in the scratch folder that is nobody else's. */
  readonly folder: string;
  readonly scratch: string;
  readonly bwrap: string;
  readonly mounts: readonly Mount[];
};

const run = promisify(execFile);
const QUICKLY = {
  env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  cwd: "/",
  timeout: 5000,
  killSignal: "SIGKILL",
} as const;
const NOBODY = 65_534;

const DEVICES = ["null", "zero", "full", "random", "urandom", "tty"].map((name) => `/dev/${name}`);
/** All of the host that goes into a sealed sandbox; what a step is given besides lies in the scratch folder. */
const FROM_HOST = ["/usr", "/etc", "/proc", ...PROGRAM_LINKS.map((name) => `/${name}`), ...DEVICES];

/**
 * Puts the mounts `$@` on a root of its own, which takes the place of the host's, and waits until somebody has it. What the
 * host mounts and unmounts there later still shows, as below its own root.
 */
const SCRIPT = [
  "set -e",
  'root=$1; shift; mount -n --bind / "$root"',
  'for at do mount -n --bind "$at" "$root$at"; done',
  'pivot_root "$root" "$root$root"; umount -n -l "$root"',
  "echo made; read -r word",
].join("\n");

/**
 * Undefined where there is nothing to leave out, where the mounts are not ours to choose, or where a tool is missing:
 * then launchers see the host's mounts, and steps cost more.
 */
export async function makeLeanMounts({ folder, scratch, bwrap, mounts }: LeanPlace): Promise<LeanMounts | undefined> {
  const places = [...FROM_HOST, scratch, bwrap].flatMap((path) => [path, realOf(path) ?? path]);
  const kept = mountPointsFor(places, mounts);
  if (process.getuid?.() !== 0 || kept.length + 1 >= mounts.length) {
    return undefined;
  }
  const root = join(realpathSync(folder), "root");
  mkdirSync(root, { mode: 0o700 });
  const namespace = await namespaceWith(kept, root);
  if (namespace === undefined) {
    return undefined;
  }
  const lean = leanMountsAt(namespace);
  const [file, args] = lean.enter(NOBODY, [bwrap, ["--version"]]);
  const holds = await run(file, args, QUICKLY).then(
    () => true,
    () => false,
  );
  if (!holds) {
    lean.close();
  }
  return holds ? lean : undefined;
}

/** A descriptor of the namespace, which lives as long as that and whoever is in it. */
async function namespaceWith(kept: readonly string[], root: string): Promise<number | undefined> {
  const maker = spawn(
    "/usr/bin/unshare",
    ["--mount", "--propagation", "slave", "/bin/sh", "-c", SCRIPT, "sh", root, ...kept],
    {
      ...QUICKLY,
      stdio: ["pipe", "pipe", "ignore"],
    },
  );
  const isMade = await new Promise<boolean>((resolve) => {
    maker.once("error", () => resolve(false));
    maker.once("exit", () => resolve(false));
    maker.stdout.once("data", () => resolve(true));
  });
  maker.stdin.on("error", () => undefined);
  try {
    return isMade ? openSync(`/proc/${maker.pid}/ns/mnt`, "r") : undefined;
  } catch {
    // It was ended meanwhile.
    return undefined;
  } finally {
    maker.stdin.end();
  }
}

function leanMountsAt(namespace: number): LeanMounts {
  const path = `/proc/${process.pid}/fd/${namespace}`;
  return {
    enter: (uid, [file, args]) => {
      const options = [`--mount=${path}`, "--setgid", String(uid), "--setuid", String(uid), "--"];
      return ["/usr/bin/nsenter", [...options, file, ...args]];
    },
    close: () => closeSync(namespace),
  };
}
