import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

type Answer = { readonly code: number; readonly stdout: string };

const SCRIPT = pathToFileURL(join(import.meta.dirname, "../../../scripts/packs/verify_offline_bundle.mjs")).href;

/** What the verifier in one script answers to these command lines: the file as it is, loaded anew for each, in one process. */
export async function askScript(asked: readonly (readonly string[])[]): Promise<readonly Answer[]> {
  const child = spawn(process.execPath, ["--conditions=@packrun/source", import.meta.filename], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(JSON.stringify(asked));
  return JSON.parse(await text(child.stdout)) as readonly Answer[];
}

/** The command itself: it reads `process.argv` and leaves its exit code in `process`. */
async function answer(args: readonly string[], number: number): Promise<Answer> {
  const { argv } = process;
  const write = process.stdout.write.bind(process.stdout);
  let stdout = "";
  process.argv = [process.execPath, SCRIPT, ...args];
  process.stdout.write = (chunk: string | Uint8Array): boolean => {
    stdout += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  try {
    await import(`${SCRIPT}?${number}`);
    return { code: Number(process.exitCode), stdout };
  } finally {
    process.argv = argv;
    process.stdout.write = write;
    process.exitCode = 0;
  }
}

if (import.meta.main) {
  const asked = JSON.parse(await text(process.stdin)) as readonly (readonly string[])[];
  const answers: Answer[] = [];
  for (const [number, args] of asked.entries()) {
    answers.push(await answer(args, number));
  }
  process.stdout.write(JSON.stringify(answers));
}
