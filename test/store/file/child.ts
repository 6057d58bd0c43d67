import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { COMPILED } from "../../compiled.ts";

export type Appender = {
  readonly process: ChildProcess;
  /** The next line that it prints: a sequence that is durable, or `!` and the code of a refusal; undefined at its end. */
  readonly next: () => Promise<string | undefined>;
  /** Reads up to the next refusal; the last durable sequence before it, and the code. */
  readonly untilRefused: () => Promise<{ readonly last: number; readonly code: string }>;
};

/** Starts `appender.ts`; `prefix` is shell text that stands in front, as `ulimit -f 100; `, `owner` another name than its own. */
export function startAppender(
  folder: string,
  name: string,
  options: { leaseMs?: number; rounds?: number; prefix?: string; owner?: string } = {},
): Appender {
  const { leaseMs = 15_000, rounds = 1, prefix = "", owner = "" } = options;
  const script = fileURLToPath(new URL("appender.ts", import.meta.url));
  const command = [process.execPath, "--conditions=@packrun/source", script, folder, name, leaseMs, rounds, owner].map(
    String,
  );
  const child = spawn("sh", ["-c", `${prefix}exec "$@"`, "sh", ...command], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
  });
  // A line for a child that has just ended is nobody's.
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string | undefined> => {
    const line = await lines.next();
    return line.done === true ? undefined : line.value;
  };
  const untilRefused = async (): Promise<{ last: number; code: string }> => {
    for (let last = 0; ;) {
      const line = await next();
      if (line === undefined) {
        throw new Error("the process ended");
      }
      if (line.startsWith("!")) {
        return { last, code: line.slice(1) };
      }
      last = Number(line);
    }
  };
  return { process: child, next, untilRefused };
}

/** Kills it, and returns the last durable sequence that it had printed by then. */
export async function kill(appender: Appender, last: number): Promise<number> {
  const ended = once(appender.process, "exit");
  appender.process.kill("SIGKILL");
  let known = last;
  for (let line = await appender.next(); line !== undefined; line = await appender.next()) {
    known = line === "" || line.startsWith("!") ? known : Math.max(known, Number(line));
  }
  await ended;
  return known;
}

/** Stops it, and waits until it stands: what a process has asked of the disk holds it up a while longer. */
export async function stop({ process: { pid = 0 } }: Appender): Promise<void> {
  process.kill(pid, "SIGSTOP");
  while (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) {
    await wait(5);
  }
}
