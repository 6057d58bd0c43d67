import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../root/seccomp-filter.ts";
import { initProgram, type InitTasks } from "./init-program.ts";

/** The init programs of one runner as files that steps may execute, each written when it is first needed. */
export class InitFiles {
  readonly #folder: string;
  readonly #machine: Machine;
  readonly #written = new Set<string>();

  constructor(folder: string, machine: Machine) {
    this.#folder = folder;
    this.#machine = machine;
  }

  /** Host path of the init with these tasks. */
  fileFor(tasks: InitTasks): string {
    const { listen, maxPids } = tasks;
    const name = ["init", ...(listen ? ["listen"] : []), ...(maxPids === undefined ? [] : [maxPids])].join("-");
    const path = join(this.#folder, name);
    if (!this.#written.has(name)) {
      writeFileSync(path, initProgram(this.#machine, tasks), { flag: "wx" });
      chmodSync(path, 0o555);
      this.#written.add(name);
    }
    return path;
  }
}
