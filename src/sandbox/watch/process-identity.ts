import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { readSmallFile } from "./small-file.ts";

/** Which process: pids are used again, so the start time (clock ticks since boot) stands beside it. */
export type ProcessIdentity = { readonly pid: number; readonly start: string };

/** Undefined when there is no such process, or only a zombie of it. Fields: proc_pid_stat(5). */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything, so fields are counted from behind it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields?.[0];
  const start = fields?.[19];
  return start === undefined || state === "Z" || state === "X" ? undefined : { pid, start };
}

/**
 * The same for a process that is pid 1 of a namespace below ours, and only for such: what we are told is an init will be
 * killed one day. The last number of `NSpid` is the pid in its own namespace (proc_pid_status(5)).
 */
export function identifyInit(pid: number): ProcessIdentity | undefined {
  const pids = /^NSpid:\s*(.*)$/m.exec(readOrUndefined(`/proc/${pid}/status`) ?? "")?.[1]?.split(/\s+/) ?? [];
  return pids.length > 1 && pids.at(-1) === "1" ? identify(pid) : undefined;
}

/** True when it waits for something: a word that it was given earlier has then been taken. */
export function isAsleep(pid: number): boolean {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).startsWith("S") === true;
}

export function isAlive(identity: ProcessIdentity): boolean {
  // Most that are asked for are gone, and an error costs more than a look.
  return existsSync(`/proc/${identity.pid}`) && identify(identity.pid)?.start === identity.start;
}

/** Sends a signal to exactly this process; false when it is gone. */
export function signal(identity: ProcessIdentity, name: "SIGTERM" | "SIGSTOP" | "SIGKILL"): boolean {
  try {
    return isAlive(identity) && process.kill(identity.pid, name);
  } catch {
    return false;
  }
}

/** Direct children of a process. Each thread has a list of those that it started (proc_pid_task_tid_children(5)). */
export function childrenOf(pid: number): readonly number[] {
  return threadsOf(pid).flatMap((thread) => numbersIn(readOrUndefined(`/proc/${pid}/task/${thread}/children`)));
}

export function numbersIn(text = ""): readonly number[] {
  return text.split(" ").filter(Boolean).map(Number);
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

export function bootId(): string {
  return readOrUndefined("/proc/sys/kernel/random/boot_id")?.trim() ?? "unknown";
}

/**
 * A name for this process that can stand in paths: boot, PID namespace, pid, start. Whoever finds it later can tell
 * whether its owner still lives.
 */
export function ownerName(): string {
  const self = identify(process.pid);
  return ["r", bootId().slice(0, 8), pidNamespace(), process.pid, self?.start ?? "0"].join(".");
}

/** True only when the owner surely runs no more; one of another PID namespace may live for all that is known here. */
export function ownerHasDied(name: string): boolean {
  const [kind, boot, namespace, pid = "", start = ""] = name.split(".");
  if (kind !== "r" || !/^\d+$/.test(pid) || !/^\d+$/.test(start)) {
    return false;
  }
  if (boot !== bootId().slice(0, 8)) {
    return true;
  }
  return namespace === pidNamespace() && !isAlive({ pid: Number(pid), start });
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replaceAll(/\D/g, "");
  } catch {
    return "0";
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readSmallFile(path);
  } catch {
    return undefined;
  }
}
