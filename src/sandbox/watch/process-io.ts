import { KernelFile } from "./kernel-file.ts";
import { numbersIn } from "./process-identity.ts";
import { readSmallFile } from "./small-file.ts";

const TRIES = 5;

/**
 * Counts the bytes that a shell and those that ended below it made the disks read and write; what a step wrote and
 * deleted again may count. Undefined where the kernel does not count, or the shell is gone.
 */
export class FamilyIo {
  readonly #own: KernelFile;
  /** The shell has one thread, which started them all (proc_pid_task_tid_children(5)). */
  readonly #children: KernelFile;
  /** The figure of the last `end`; nothing was started since. */
  #last: number | undefined;

  constructor(pid: number) {
    this.#own = new KernelFile(`/proc/${pid}/io`);
    this.#children = new KernelFile(`/proc/${pid}/task/${pid}/children`);
  }

  /**
   * False while a child that has ended was not waited for and this user cannot have its figures: the files of a process
   * without memory belong to root.
   */
  isReadable(): boolean {
    return process.getuid?.() === 0 || (this.#children.text() ?? "") === "";
  }

  begin(): void {
    this.#last ??= this.#sum();
  }

  /** What was counted since `begin`. */
  end(): number | undefined {
    const before = this.#last;
    this.#last = this.#sum();
    return before === undefined || this.#last === undefined ? undefined : this.#last - before;
  }

  close(): void {
    this.#own.close();
    this.#children.close();
  }

  /**
   * The figures of a child become its parent's when that has waited for it (proc_pid_io(5)); until then the child, ended
   * or not, has them itself. They are read again when that happened meanwhile.
   */
  #sum(): number | undefined {
    for (let round = 0; round < TRIES; round += 1) {
      const children = this.#children.text();
      const sum = numbersIn(children).reduce<number | undefined>(
        (total, each) => plus(total, bytesIn(textOf(each))),
        bytesIn(this.#own.text()),
      );
      if (this.#children.text() === children) {
        return sum;
      }
    }
    return undefined;
  }
}

function plus(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other;
}

function textOf(pid: number): string | undefined {
  try {
    return readSmallFile(`/proc/${pid}/io`);
  } catch {
    return undefined;
  }
}

function bytesIn(text: string | undefined): number | undefined {
  const found = /^read_bytes: (\d+)\nwrite_bytes: (\d+)$/m.exec(text ?? "");
  return found === null ? undefined : Number(found[1]) + Number(found[2]);
}
