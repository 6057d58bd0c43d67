import type { PipeReader } from "./slot/pipe-reader.ts";
import { identifyInit, type ProcessIdentity } from "./watch/process-identity.ts";

const patterns = {
  "child-pid": /"child-pid": (\d+)/,
  "exit-code": /"exit-code": (\d+)/,
  "net-namespace": /"net-namespace": (\d+)/,
} as const;

/**
 * What bubblewrap says on `--json-status-fd`: first the host pid of the PID namespace's init, at the end the exit code
 * of the command. A set-up that failed says no exit code. Its end means that bubblewrap itself is gone.
 */
export class StatusChannel {
  #text = "";
  #init: ProcessIdentity | undefined;
  /** Resolves with the first word, or with the end where there was none. */
  readonly spoken: Promise<void>;
  readonly ended: Promise<void>;

  constructor(source: PipeReader, onInit: () => void) {
    const [spoken, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.spoken = spoken.promise;
    this.ended = ended.promise;
    const hear = (bytes: Buffer): boolean => {
      this.#hear(bytes.toString("latin1"), onInit);
      spoken.resolve();
      return true;
    };
    source.listen(hear, () => {
      spoken.resolve();
      ended.resolve();
    });
  }

  /** True once anything was said: the sandbox was begun. */
  get began(): boolean {
    return this.#text !== "";
  }

  get init(): ProcessIdentity | undefined {
    return this.#init;
  }

  /** 128 + N when signal N ended the command. */
  get exitCode(): number | undefined {
    return this.#number("exit-code");
  }

  /** The inode of its network namespace. */
  get netNamespace(): number | undefined {
    return this.#number("net-namespace");
  }

  #hear(words: string, onInit: () => void): void {
    this.#text = (this.#text + words).slice(0, 8192);
    const pid = this.#init === undefined ? this.#number("child-pid") : undefined;
    if (pid !== undefined) {
      this.#init = identifyInit(pid);
      onInit();
    }
  }

  #number(name: keyof typeof patterns): number | undefined {
    const found = patterns[name].exec(this.#text)?.[1];
    return found === undefined ? undefined : Number(found);
  }
}
