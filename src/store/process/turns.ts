/** Work on the same thing goes one after the other, in the order in which it was asked for. */
export class Turns {
  /** The last work on each thing that is on its way. */
  readonly #last = new Map<string, Promise<unknown>>();

  async take<T>(thing: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(thing) ?? Promise.resolve()).then(work, work);
    this.#last.set(thing, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(thing) === mine) {
        this.#last.delete(thing);
      }
    }
  }
}
