import { spawn } from "node:child_process";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import type { SignerCommand } from "#port/signer-command.ts";
import { signerCodes } from "./codes.ts";

/** No signature that is taken comes near this; what is longer is cut off and refused for its form. Bytes. */
const MOST_OUTPUT = 4096;
/** Of stderr the end is kept: that is where tools say what went wrong. Bytes. */
const MOST_ERRORS = 2048;

/**
 * Runs a signer's command once: `bytes` on stdin, what it writes to stdout. It keeps the terminal, where it may ask for a
 * PIN. Faults: SIGNER_FAILED (not started, or another exit code than 0; with the end of stderr), SIGNER_TIMEOUT.
 */
export function runSigner(name: string, signer: SignerCommand, bytes: Uint8Array): Promise<Result<Uint8Array>> {
  const [program = "", ...args] = signer.command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: signer.cwd, stdio: ["pipe", "pipe", "pipe"] });
    const output = new Tail(MOST_OUTPUT, "beginning");
    const errors = new Tail(MOST_ERRORS, "end");
    const end = (result: Result<Uint8Array>): void => {
      clearTimeout(limit);
      // A process that it left behind may hold these open.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(result);
    };
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      end(fail(faultOf(signerCodes, "SIGNER_TIMEOUT", { name, seconds: signer.timeoutMs / 1000 })));
    }, signer.timeoutMs);
    child.on("error", (error) => end(fail(failed(name, systemProblem(error), ""))));
    child.on("close", (code, signal) => {
      const problem = code === null ? `it was ended by ${signal ?? "a signal"}` : `exit code ${code}`;
      end(code === 0 ? ok(output.bytes()) : fail(failed(name, problem, errors.text())));
    });
    child.stdout.on("data", (chunk: Uint8Array) => output.take(chunk));
    child.stderr.on("data", (chunk: Uint8Array) => errors.take(chunk));
    // One that answers without reading everything is judged by its answer.
    child.stdin.on("error", () => undefined);
    child.stdin.end(bytes);
  });
}

function failed(name: string, problem: string, said: string): Fault {
  return faultOf(signerCodes, "SIGNER_FAILED", { name, problem: said === "" ? problem : `${problem}: ${said}` });
}

/** Keeps so many bytes of a stream, of its beginning or of its end. */
class Tail {
  readonly #most: number;
  readonly #part: "beginning" | "end";
  #kept: Buffer = Buffer.alloc(0);

  constructor(most: number, part: "beginning" | "end") {
    this.#most = most;
    this.#part = part;
  }

  take(chunk: Uint8Array): void {
    const all = Buffer.concat([this.#kept, chunk]);
    this.#kept = this.#part === "end" ? all.subarray(-this.#most) : all.subarray(0, this.#most);
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#kept);
  }

  /** On one line, without anything that could write on a terminal. */
  text(): string {
    return this.#kept
      .toString("utf8")
      .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
      .trim();
  }
}
