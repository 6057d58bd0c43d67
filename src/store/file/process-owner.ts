import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";

/**
 * Names this process for as long as this boot lasts: boot id, PID namespace, pid, start time in clock ticks since boot
 * (field 22 of /proc/PID/stat, proc(5)), and a random part for each store that the process opens.
 */
export function processOwner(): string {
  const start = startTimeOf(process.pid) ?? "unknown";
  return [bootId(), pidNamespace(), process.pid, start, randomBytes(4).toString("hex")].join(".");
}

/**
 * True only when the owner surely runs no more: it lived on this boot and in this PID namespace, and its process has
 * ended or its pid was given to another. An owner of another boot or namespace may be alive for all that is known here.
 */
export function hasDied(owner: string): boolean {
  const [boot, namespace, pid = "", start] = owner.split(".");
  if (boot !== bootId() || namespace !== pidNamespace() || !/^\d+$/.test(pid) || start === "unknown") {
    return false;
  }
  return startTimeOf(Number(pid)) !== start;
}

/** Undefined when there is no such process, or only what is left of one that nobody has waited for. */
function startTimeOf(pid: number): string | undefined {
  const stat = readText(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the program's name in parentheses and may hold anything, so fields count from the last one.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields?.[0];
  return state === "Z" || state === "X" ? undefined : fields?.[19];
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
