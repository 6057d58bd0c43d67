import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** One for all: what was read is text before anything else is read. */
const buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * A small file that the kernel makes up anew whenever it is read from its beginning (of a cgroup, or of a process), and
 * that is read in every step: it stays open between. Not for lists of processes, which version 1 of cgroups remembers
 * for an open file. Only the first 64 KiB are read.
 */
export class KernelFile {
  readonly #path: string;
  readonly #flags: "r" | "r+";
  #fd: number | undefined;
  #isClosed = false;

  /** `flags`: `r+` for one that is written, too. */
  constructor(path: string, flags: "r" | "r+" = "r") {
    this.#path = path;
    this.#flags = flags;
  }

  /** As Latin-1; undefined where the file is not there or does not answer: kernels differ, processes end. */
  text(): string | undefined {
    if (this.#isClosed) {
      return undefined;
    }
    try {
      return buffer.toString("latin1", 0, readSync(this.#open(), buffer, 0, buffer.length, 0));
    } catch {
      return undefined;
    }
  }

  /** False where the kernel does not take it. */
  write(text: string): boolean {
    try {
      return !this.#isClosed && writeSync(this.#open(), text, 0) > 0;
    } catch {
      return false;
    }
  }

  /** The only number in it. */
  number(): number | undefined {
    const value = Number.parseInt(this.text() ?? "", 10);
    return Number.isFinite(value) ? value : undefined;
  }

  /** The number behind a key at the beginning of a line. */
  key(name: string): number | undefined {
    const text = `\n${this.text() ?? ""}`;
    const at = text.indexOf(`\n${name} `);
    return at < 0 ? undefined : Number.parseInt(text.slice(at + name.length + 2), 10);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#fd !== undefined) {
      closeSync(this.#fd);
      this.#fd = undefined;
    }
  }

  #open(): number {
    this.#fd ??= openSync(this.#path, this.#flags);
    return this.#fd;
  }
}
