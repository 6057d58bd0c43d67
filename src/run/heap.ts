/** A binary heap: the least item first. Items that no longer matter are dropped by whoever takes them out. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#swapIfLess(at, above)) {
        return;
      }
      at = above;
    }
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) {
      return top;
    }
    items[0] = last;
    let at = 0;
    for (;;) {
      const least = this.#lesserChild(at);
      if (least === undefined || !this.#swapIfLess(least, at)) {
        return top;
      }
      at = least;
    }
  }

  #lesserChild(at: number): number | undefined {
    const left = 2 * at + 1;
    const a = this.#items[left];
    const b = this.#items[left + 1];
    if (a === undefined) {
      return undefined;
    }
    return b !== undefined && this.#compare(b, a) < 0 ? left + 1 : left;
  }

  #swapIfLess(at: number, above: number): boolean {
    const lower = this.#items[at];
    const upper = this.#items[above];
    if (lower === undefined || upper === undefined || this.#compare(lower, upper) >= 0) {
      return false;
    }
    this.#items[above] = lower;
    this.#items[at] = upper;
    return true;
  }
}
