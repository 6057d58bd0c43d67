import { closeSync, existsSync, openSync, readFileSync, readdirSync } from "node:fs";

const CLOSE_ON_EXEC = 0o2000000;

/**
 * Descriptors above 2 that whoever started this process left open across exec. They would reach every child, so they
 * are covered with /dev/null there. Node's own are all close-on-exec.
 */
export function inheritedFds(): readonly number[] {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd > 2 && crossesExec(fd));
}

function crossesExec(fd: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1] ?? "0";
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false;
  }
}

type Stdio = "pipe" | "ignore" | "ipc" | number;

export type Cover = {
  readonly stdio: readonly Stdio[];
  /** How to start a shell script so that nothing inherited is open in it. */
  readonly throughHop: (script: string) => readonly [file: string, args: readonly string[]];
  readonly close: () => void;
};

/**
 * Keeps inherited descriptors from a child. bash can close any of them by number before it becomes the shell that is
 * wanted; without bash each is covered with /dev/null. Call `close` when the child has started.
 */
export function coverInherited(stdio: readonly Stdio[], inherited: readonly number[]): Cover {
  const open = inherited.filter((fd) => fd >= stdio.length);
  if (open.length === 0) {
    return { stdio, throughHop: (script) => ["/bin/sh", ["-c", script]], close: () => undefined };
  }
  if (existsSync("/bin/bash")) {
    const hop = `exec ${open.map((fd) => `${fd}<&-`).join(" ")}; exec /bin/sh -c "$0"`;
    return { stdio, throughHop: (script) => ["/bin/bash", ["-c", hop, script]], close: () => undefined };
  }
  const nullFd = openSync("/dev/null", "r");
  const covered = [...stdio];
  while (covered.length <= Math.max(...open)) {
    covered.push(nullFd);
  }
  return { stdio: covered, throughHop: (script) => ["/bin/sh", ["-c", script]], close: () => closeSync(nullFd) };
}
