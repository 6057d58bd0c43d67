import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { isOutOfDescriptors } from "./dial.ts";

/** Connections that may be refused at the same time when there is nothing left. */
const SPARE = 4;

/**
 * Descriptors that are kept back, so that one is free for the next connection to be accepted. Without it, connections are
 * closed by the event loop, and nobody hears of them: there is no answer, no event and no line.
 */
export class SpareDescriptors {
  readonly #held: number[] = [];
  #isOpen = false;

  open(): void {
    this.#isOpen = true;
    this.leaveOne();
  }

  /** Takes back what was given, as far as there is something. True when all are held. */
  takeBack(): boolean {
    while (this.#isOpen && this.#held.length < SPARE) {
      const taken = takeOne();
      if (taken === undefined) {
        return false;
      }
      this.#held.push(taken);
    }
    return true;
  }

  /** To be called when something took a descriptor. */
  leaveOne(): void {
    if (this.#isOpen) {
      this.takeBack();
      const free = takeOne() ?? this.#held.pop();
      if (free !== undefined) {
        closeSync(free);
      }
    }
  }

  close(): void {
    this.#isOpen = false;
    for (const held of this.#held.splice(0)) {
      closeSync(held);
    }
  }
}

function takeOne(): number | undefined {
  try {
    return openSync(devNull, "r");
  } catch (error) {
    if (isOutOfDescriptors(error as NodeJS.ErrnoException)) {
      return undefined;
    }
    throw error;
  }
}
