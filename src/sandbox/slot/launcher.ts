import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Server } from "node:net";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { coverInherited } from "./inherited-fds.ts";
import { launcherScript } from "./launch-script.ts";
import type { LeanMounts } from "./lean-mounts.ts";
import { openChildReader, openWriter } from "./pipe-feed.ts";
import { FamilyIo } from "../watch/process-io.ts";
import { identify, signal, type ProcessIdentity } from "../watch/process-identity.ts";

export type LauncherPlace = {
  readonly folder: string;
  /** The uid and gid of the slot; undefined when the runner is not root and has none to give. */
  readonly uid: number | undefined;
  readonly cgroup: Cgroup | undefined;
  readonly secretPipes: number;
  /** Whether it gets Node's channel, over which the listener of a step hands its socket out. */
  readonly channel: boolean;
  readonly inherited: readonly number[];
  /** Where it lives instead of among the host's mounts. */
  readonly lean: LeanMounts | undefined;
};

/** What came over the channel. A handle that nobody takes is closed. */
type Receive = (message: unknown, server: Server | undefined) => void;

/** A shell that becomes, on a word, the sandbox of a step: see `launcherScript`. */
export type Launcher = {
  readonly pid: number;
  readonly isGone: () => boolean;
  /** Calls when it is gone, at once if it is already; the returned function takes it back. */
  readonly onGone: (call: () => void) => () => void;
  readonly go: () => void;
  readonly collectChildren: () => void;
  /** What it and its steps have the disks do. */
  readonly io: FamilyIo;
  /** Who gets what comes over the channel from now on. */
  readonly receive: (call: Receive) => void;
  /** Ends it and everything that it started; resolves when it is gone. */
  readonly end: () => Promise<void>;
};

/** Starts one, already in its cgroup and as its user. The FIFOs in `folder` must be there. */
export async function startLauncher(place: LauncherPlace): Promise<Launcher> {
  const processes = openSync(place.cgroup?.procsFile ?? "/dev/null", "r");
  const names = ["word", "args", ...Array.from({ length: place.secretPipes }, (_, at) => `secret${at}`)];
  const readers = names.map((name) => openChildReader(join(place.folder, name)));
  const [word = -1, args = -1, ...secrets] = readers;
  const control = controlAt(join(place.folder, "word"));
  const more = [...(place.channel ? ["ipc" as const] : []), ...secrets];
  const wanted = more.length === 0 ? [args] : [args, "ignore" as const, "ignore" as const, "ignore" as const, ...more];
  const cover = coverInherited([word, processes, "ignore", ...wanted], place.inherited);
  const { uid, lean } = place;
  const shell = cover.throughHop(launcherScript(place.folder));
  const isLean = uid !== undefined && lean !== undefined;
  const child = spawn(...(isLean ? lean.enter(uid, shell) : shell), {
    ...(uid === undefined || isLean ? {} : { uid, gid: uid }),
    stdio: [...cover.stdio],
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    detached: true,
  });
  [...readers, processes].forEach((fd) => closeSync(fd));
  cover.close();
  const pid = await started(child).catch((error: unknown) => {
    control.close();
    throw error;
  });
  levelMemoryScore(pid);
  const launcher = launcherOf(child, pid, control);
  await place.cgroup?.attach(pid).catch(async (error: unknown) => {
    await launcher.end();
    throw error;
  });
  return launcher;
}

/** The writing end of a launcher's input: its end is the launcher's end. */
type Control = { readonly say: (word: string) => void; readonly close: () => void };

/** One call of the system per word: a stream would cost every step more than the word itself. */
function controlAt(path: string): Control {
  const fd = openWriter(path);
  let isOpen = true;
  return {
    say: (word) => {
      try {
        if (isOpen) {
          writeSync(fd, word);
        }
      } catch {
        // The launcher is gone, which whoever waits for it learns by itself.
      }
    },
    close: () => {
      if (isOpen) {
        isOpen = false;
        closeSync(fd);
      }
    },
  };
}

function launcherOf(child: ChildProcess, pid: number, control: Control): Launcher {
  const identity: ProcessIdentity | undefined = identify(pid);
  let isGone = child.exitCode !== null || child.signalCode !== null;
  const waiting = new Set<() => void>();
  child.once("exit", () => {
    isGone = true;
    waiting.forEach((call) => call());
    waiting.clear();
  });
  const io = new FamilyIo(pid);
  let receive: Receive = (_, server) => server?.close();
  child.on("message", (message, handle) => receive(message, handle instanceof Server ? handle : undefined));
  const onGone = (call: () => void): (() => void) => {
    if (isGone) {
      call();
    } else {
      waiting.add(call);
    }
    return () => waiting.delete(call);
  };
  // Idle launchers do not keep the process alive; the pipes of a running step do.
  child.unref();
  child.channel?.unref();
  return {
    pid,
    isGone: () => isGone,
    onGone,
    go: () => control.say("go\n"),
    collectChildren: () => control.say("end\n"),
    io,
    receive: (call) => (receive = call),
    end: async () => {
      child.ref();
      io.close();
      control.close();
      const forced = setTimeout(() => identity !== undefined && signal(identity, "SIGKILL"), 2000);
      await new Promise<void>(onGone);
      clearTimeout(forced);
    },
  };
}

/**
 * A process may lower its oom_score_adj to the lowest that a privileged writer ever gave it or an ancestor. A runner that
 * is protected from the memory killer would hand that down to its steps; what it writes here takes it from them.
 */
function levelMemoryScore(pid: number): void {
  const path = `/proc/${pid}/oom_score_adj`;
  try {
    writeFileSync(path, String(Math.max(0, Number(readFileSync(path, "latin1")))));
  } catch {
    // It is gone already, or the host lets nobody raise it.
  }
}

function started(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    if (child.pid !== undefined) {
      resolve(child.pid);
    }
  });
}
