import { spawn } from "node:child_process";
import { systemProblem } from "#fault/system-problem.ts";
import type { SecretPlaces } from "#port/secrets.ts";
import { MOST_SECRET_BYTES, notSetUp, tooLarge, unresolved, type Found } from "./found.ts";
import { secretText } from "./secret-text.ts";

/**
 * What a program of the configuration prints, without a shell. It is a process group of its own, which is ended as a whole
 * when it takes too long or prints too much; what it says on stderr is dropped, for it may hold anything.
 */
export function commandSecret(name: string, places: SecretPlaces, signal: AbortSignal): Promise<Found> {
  const configured = Object.hasOwn(places.commands, name) ? places.commands[name] : undefined;
  const [program, ...args] = configured?.command ?? [];
  if (configured === undefined || program === undefined) {
    return Promise.resolve(notSetUp("the configuration has no such command under secrets.commands"));
  }
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: configured.cwd, stdio: ["ignore", "pipe", "ignore"], detached: true });
    const chunks: Uint8Array[] = [];
    let length = 0;
    const end = (found: Found): void => {
      signal.removeEventListener("abort", onAbort);
      child.stdout.destroy();
      resolve(found);
    };
    const stop = (found: Found): void => {
      endGroup(child.pid);
      end(found);
    };
    const onAbort = (): void => stop({ trouble: "SECRET_TIMEOUT", problem: "the command has not ended" });
    signal.addEventListener("abort", onAbort);
    child.on("error", (error) => end(notSetUp(`the command cannot be started: ${systemProblem(error)}`)));
    child.stdout.on("data", (chunk: Uint8Array) => {
      chunks.push(chunk);
      length += chunk.length;
      // The two bytes may be the end of the line that is taken off.
      if (length > MOST_SECRET_BYTES + 2) {
        stop(tooLarge);
      }
    });
    child.on("close", (code, by) => {
      const how = code === null ? `was ended by ${by ?? "a signal"}` : `ended with exit code ${code}`;
      end(code === 0 ? secretText(Buffer.concat(chunks), MOST_SECRET_BYTES) : unresolved(`the command ${how}`));
    });
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) {
      process.kill(-pid, "SIGKILL");
    }
  } catch {
    // Nobody is left in the group.
  }
}
