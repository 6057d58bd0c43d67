import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import { COMPILED, compiledBy } from "../compiled.ts";
import { containerScript, type Container } from "./container.ts";
import { CANARY } from "./hosted-attacks.ts";
import type { HostedAnswer, HostedOrder } from "./hosted-runner.ts";

/** A user of the host that owns nothing else. */
export const PLAIN_USER = 63_917;

const RUNNER = new URL("./hosted-runner.ts", import.meta.url).pathname;

/** A folder in /opt, which steps see, laid out with all that they must not see in it; gone after the test. */
export type HostedPlace = {
  readonly folder: string;
  readonly masks: readonly string[];
  /** Runs scripts in a runner of its own, as the owner, with mounts of its own, in a container if one is named. */
  readonly run: (order: Partial<HostedOrder>, container?: Container) => HostedAnswer;
};

export async function hostedPlace(t: Test, owner?: number): Promise<HostedPlace> {
  const folder = mkdtempSync("/opt/packrun-hosted-");
  const scratch = join(folder, "scratch");
  const cgroups: string[] = [];
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
    cgroups.forEach((path) => spawnSync("rmdir", [path]));
  });
  chmodSync(folder, 0o755);
  layOut(folder);
  mkdirSync(scratch, { mode: 0o711 });
  await listenAt(t, join(folder, "open/socket"));
  if (owner !== undefined) {
    execFileSync("chown", ["-R", `${owner}:${owner}`, folder]);
    // What root alone makes stays root's.
    chownSync(join(folder, "suid-id"), 0, 0);
    chmodSync(join(folder, "suid-id"), 0o4755);
  }
  const masks = ["state", "linked", "to-key", "by-link/behind", "closed/state", "twin-of/.packrun", "absent"].map(
    (name) => join(folder, name),
  );
  const limits = owner === undefined ? {} : { cgroups: { kind: "v1" as const, folders: ownCgroups(owner, cgroups) } };
  return {
    folder,
    masks,
    run: (order, container) => {
      const packFolder = join(scratch, "pack");
      mkdirSync(packFolder, { recursive: true, mode: 0o755 });
      const whole: HostedOrder = {
        scratch,
        artifactsPath: join(folder, "artifacts"),
        packFolder,
        masks,
        mode: "restricted",
        scripts: [],
        ...limits,
        ...order,
      };
      return answerOf(folder, whole, owner, container);
    },
  };
}

function layOut(folder: string): void {
  const write = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), mode);
  };
  for (const path of ["state/runs/x", "state/.hidden", "real/secret", "closed/state/secret", "behind/secret"]) {
    write(path, CANARY);
  }
  for (const path of ["key", "aws", "home/.ssh/id", "vault/.keep", "twin-of/.packrun/db", "artifacts/a"]) {
    write(path, CANARY);
  }
  for (const path of ["alias", "part", "twin", "jail/proc", "system", "by"]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  write("twin-of/file", "plain");
  write("open/file", "plain", 0o666);
  write("bin/tool", "#!/bin/sh\necho tool of the host\n", 0o755);
  chmodSync(join(folder, "open"), 0o777);
  symlinkSync("real", join(folder, "linked"));
  symlinkSync("key", join(folder, "to-key"));
  symlinkSync(".", join(folder, "by-link"));
  copyFileSync("/usr/bin/id", join(folder, "suid-id"));
  chmodSync(join(folder, "suid-id"), 0o4755);
  execFileSync("mknod", ["-m", "666", join(folder, "device"), "c", "1", "5"]);
  chmodSync(join(folder, "closed"), 0o700);
}

function listenAt(t: Test, path: string): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  t.teardown(() => server.close());
  return new Promise((resolve) => {
    server.listen(path, () => {
      chmodSync(path, 0o777);
      resolve();
    });
  });
}

/** Cgroups that a user may write, where this host has version 1. */
function ownCgroups(owner: number, made: string[]): { memory: string; pids: string; cpu: string } {
  const own = (controller: string): string => {
    const path = `/sys/fs/cgroup/${controller}/packrun-hosted-${owner}-${process.pid}`;
    mkdirSync(path, { recursive: true });
    made.push(path);
    execFileSync("chown", ["-R", String(owner), path]);
    return path;
  };
  return { memory: own("memory"), pids: own("pids"), cpu: own("cpu") };
}

/** Mounts that only this runner and its steps have: no test leaves one behind. */
function mountsIn(folder: string, wholeProc: boolean): readonly string[] {
  const at = (path: string): string => join(folder, path);
  return [
    `mount --bind ${at("state")} ${at("alias")}`,
    `mount --bind ${at("state/runs")} ${at("part")}`,
    `mount --bind ${at("twin-of")} ${at("twin")}`,
    `mount -t tmpfs t ${at("vault")} && echo ${CANARY} >${at("vault/token")}`,
    `mount --bind / ${at("system")}`,
    // With one whole /proc anywhere the kernel would mount another.
    ...(wholeProc ? [`mount -t proc p ${at("jail/proc")}`] : []),
  ];
}

function answerOf(
  folder: string,
  order: HostedOrder,
  uid: number | undefined,
  container: Container | undefined,
): HostedAnswer {
  const drop = uid === undefined ? "" : `setpriv --reuid ${uid} --regid ${uid} --clear-groups `;
  const command = `"${process.execPath}" --conditions=@packrun/source "${RUNNER}"`;
  const start = container === undefined ? `exec ${drop}${command}` : containerScript(container, command);
  const mounts = mountsIn(folder, container?.wholeProc ?? container === undefined);
  const ended = spawnSync("/usr/bin/unshare", ["-m", "sh", "-ec", [...mounts, start].join("\n")], {
    input: JSON.stringify(order),
    env: {
      PATH: process.env["PATH"],
      HOST_MARK: CANARY,
      HOME: join(folder, "home"),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "aws"),
      NODE_COMPILE_CACHE: uid === undefined ? COMPILED : compiledBy(uid),
    },
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (ended.status !== 0) {
    throw new Error(`the runner ended with ${ended.status}: ${ended.stderr}`);
  }
  return JSON.parse(ended.stdout) as HostedAnswer;
}
