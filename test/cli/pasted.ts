import { execFile } from "node:child_process";
import { COMPILED } from "../compiled.ts";
import { MAIN, type Ended } from "./command-line.ts";
import type { Place } from "./place.ts";

/** Nothing here takes so long unless it hangs, in milliseconds. */
const LONGEST_MS = 120_000;

/**
 * What becomes of a line that somebody pastes into a shell of this place, with what it leaves open filled in: `KEY` and so on
 * each stand for what they are here.
 */
export function pasted(
  place: Place,
  line: string,
  filled: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const command = Object.entries(filled).reduce((text, [name, what]) => text.replaceAll(` ${name}`, ` ${what}`), line);
  place.write("bin/packrun", `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`, 0o755);
  return new Promise((resolve) => {
    execFile(
      "/bin/sh",
      ["-c", command],
      {
        cwd: place.folder,
        timeout: LONGEST_MS,
        env: {
          PATH: `${place.here("bin")}:${process.env["PATH"] ?? ""}`,
          HOME: place.folder,
          NO_COLOR: "1",
          CI: "1",
          NODE_COMPILE_CACHE: COMPILED,
          ...env,
        },
      },
      (error, out, err) =>
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : null, out, err }),
    );
  });
}

/** The line that a command showed as the next step: from `packrun` on. */
export function shownStep({ out, err }: Ended, words: string): string {
  const text = `${out}\n${err}`;
  const at = text.indexOf(`packrun ${words}`);
  if (at === -1) {
    throw new Error(`it shows no packrun ${words}: ${text}`);
  }
  const before = text.slice(0, at).split("\n").at(-1) ?? "";
  const prefix = /(?:\w+= )$/.exec(before)?.[0] ?? "";
  return `${prefix}${/^[^\n`]*/.exec(text.slice(at))?.[0] ?? ""}`;
}
