import { fstatSync, writeSync } from "node:fs";

/** 128 + SIGPIPE: how programs end that wrote to a pipe without a reader. */
const SIGPIPE_EXIT = 141;

export type OutputRules = {
  /** It does nothing but show something, and has nothing to do when nobody sees it. */
  readonly onlyShows: boolean;
  /** What it writes to stdout is what it was asked for. */
  readonly answers: boolean;
  /** Says why an answer could not be written; the exit code for that. */
  readonly sayLost: (error: NodeJS.ErrnoException) => number;
};

/**
 * What becomes of a command whose output cannot be written. Neither whoever reads it nor the disk that it goes to ends a
 * run or a server.
 * 1. `packrun … | head` ends without noise: the reader may go, the command goes on to its end and its own exit code.
 * 2. What the system does not take (a full disk, a quota, a broken medium) is lost. What comes later is written again.
 * 3. An answer that was lost so is no success: it is said on stderr, and what would end with 0 ends with the code for that.
 * 4. Commands that only show something end at once.
 */
export function goOnWithoutOutput({ onlyShows, answers, sayLost }: OutputRules): void {
  let unanswered: number | undefined;
  process.once("exit", (code) => {
    if (code === 0 && unanswered !== undefined) {
      process.exitCode = unanswered;
    }
  });
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.errno === undefined) {
        throw error;
      }
      const hasReader = error.code !== "EPIPE";
      if (hasReader && stream === process.stdout && answers) {
        unanswered ??= sayLost(error);
      }
      if (onlyShows && (!hasReader || unanswered !== undefined)) {
        process.exit(unanswered ?? SIGPIPE_EXIT);
      }
    });
  }
}

/**
 * Writes texts to a stream of the process. Of a file, Node.js takes for written whole what the last room of a disk had
 * space for a part of; here the rest is written, or is an error of the stream.
 */
export function writerTo(stream: NodeJS.WriteStream & { readonly fd: number }): (text: string) => void {
  if (!fstatSync(stream.fd).isFile()) {
    return (text) => void stream.write(text);
  }
  return (text) => {
    try {
      for (let rest = Buffer.from(text); rest.length > 0;) {
        rest = rest.subarray(writeSync(stream.fd, rest));
      }
    } catch (error) {
      stream.emit("error", error);
    }
  };
}
