import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import type { HolderLife } from "#port/run-store.ts";

/**
 * Names this process for as long as this boot lasts: boot id, PID namespace, pid, start time in clock ticks since boot
 * (field 22 of /proc/PID/stat, proc(5)), and a random part for each store that the process opens.
 */
export function processOwner(): string {
  const { start = "unknown" } = processAt(process.pid) ?? {};
  return [bootId(), pidNamespace(), process.pid, start, randomBytes(4).toString("hex")].join(".");
}

/** True only when the owner surely runs no more. */
export function hasDied(owner: string): boolean {
  return lifeOf(owner).state === "dead";
}

/**
 * What became of an owner. Surely dead is only one that lived on this boot and in this PID namespace, and whose process
 * has ended or whose pid was given to another; what is of another boot or namespace may be alive for all that is known.
 */
export function lifeOf(owner: string): HolderLife {
  const [boot, namespace, pid = "", start] = owner.split(".");
  if (boot !== bootId() || namespace !== pidNamespace() || !/^\d+$/.test(pid) || start === "unknown") {
    return { state: "unknown" };
  }
  const found = processAt(Number(pid));
  return found !== undefined && found.start === start ? { state: found.state, pid: Number(pid) } : { state: "dead" };
}

/** Undefined when there is no such process, or only what is left of one that nobody has waited for. */
function processAt(pid: number): { readonly start: string; readonly state: "running" | "stopped" } | undefined {
  const stat = readText(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the program's name in parentheses and may hold anything, so fields count from the last one.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  const [state] = fields;
  const start = fields[19];
  if (start === undefined || state === "Z" || state === "X") {
    return undefined;
  }
  return { start, state: state === "T" || state === "t" ? "stopped" : "running" };
}

function bootId(): string {
  return readText(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) ?? "unknown";
}

function pidNamespace(): string {
  return readText(() => readlinkSync("/proc/self/ns/pid").replaceAll(/\D/g, "")) ?? "unknown";
}

function readText(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
