import { diskSpace, roundSize, scarcity, type DiskSpace } from "./disk-bound.ts";
import { diskUse } from "./disk-use.ts";

const MIB = 1024 * 1024;
/** Counting takes at most this part of the time: a large tree is counted less often. */
const SHARE = 20;
/** A tree is counted at least so often, even when the disk seems to lose nothing (others may free what it takes). */
const ANYWAY_MS = 5000;

export type DiskWatched = {
  /** Everything that the attempt has on disk. */
  readonly folder: string;
  /** How much it may hold. */
  readonly bytes: number;
  /** The processes of the attempt, as far as they are known now. */
  readonly pids: () => readonly number[];
  /** Called at most once, with the reason. */
  readonly onFull: (problem: string) => void;
};

/** Watches what an attempt takes of the disk. One system call each time; the tree is counted when the disk has lost something. */
export class DiskWatch {
  readonly #watched: DiskWatched;
  readonly #freeAtStart: number;
  #freeAtCount: number;
  #notBefore = 0;
  #countedAt = performance.now();
  #counting = false;
  #told = false;

  constructor(watched: DiskWatched) {
    this.#watched = watched;
    this.#freeAtStart = diskSpace(watched.folder).freeBytes;
    this.#freeAtCount = this.#freeAtStart;
  }

  look(): void {
    const now = performance.now();
    if (this.#counting || this.#told || now < this.#notBefore) {
      return;
    }
    const space = this.#space();
    if (space === undefined) {
      return;
    }
    const lost = this.#freeAtCount - space.freeBytes;
    const scarce = scarcity(space);
    if (scarce !== undefined || lost > this.#watched.bytes / 16 || now - this.#countedAt > ANYWAY_MS) {
      this.#freeAtCount = space.freeBytes;
      this.#counting = true;
      // What cannot be counted is counted next time.
      this.#count(scarce, space.freeBytes)
        .catch(() => undefined)
        .finally(() => (this.#counting = false));
    }
  }

  /** What a disk that does not answer any more still takes is unknown: the step ends. */
  #space(): DiskSpace | undefined {
    try {
      return diskSpace(this.#watched.folder);
    } catch (error) {
      const why = error instanceof Error ? error.message : "it failed";
      this.#tell(`the disk of its working folder cannot be looked at (${why})`);
      return undefined;
    }
  }

  async #count(scarce: string | undefined, freeBytes: number): Promise<void> {
    const { folder, bytes, pids } = this.#watched;
    const begun = performance.now();
    const use = await diskUse(folder, pids());
    const ended = performance.now();
    this.#countedAt = ended;
    this.#notBefore = ended + (ended - begun) * SHARE;
    // What may be hidden in a folder that cannot be read is at most what the disk has lost.
    const used = use.partial ? Math.max(use.bytes, this.#freeAtStart - freeBytes) : use.bytes;
    if (used > bytes) {
      this.#tell(`its working folder holds more than ${roundSize(bytes)}`);
    } else if (scarce !== undefined && used > MIB) {
      this.#tell(`on the disk of its working folder ${scarce}`);
    }
  }

  #tell(problem: string): void {
    if (!this.#told) {
      this.#told = true;
      this.#watched.onFull(problem);
    }
  }
}
