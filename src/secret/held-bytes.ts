/** A queue of bytes: appended at the end, dropped at the front, each byte copied a bounded number of times. */
export class HeldBytes {
  #room = Buffer.alloc(0);
  #from = 0;
  #to = 0;

  get length(): number {
    return this.#to - this.#from;
  }

  /** A view, true until the next change. */
  view(from = 0, to = this.length): Uint8Array {
    return this.#room.subarray(this.#from + from, this.#from + to);
  }

  drop(count: number): void {
    this.#from = Math.min(this.#to, this.#from + count);
    if (this.#from === this.#to) {
      this.#from = 0;
      this.#to = 0;
    }
  }

  append(bytes: Uint8Array): void {
    if (this.#to + bytes.length > this.#room.length) {
      const kept = this.view();
      const room = Buffer.alloc(2 * (kept.length + bytes.length));
      room.set(kept);
      this.#to = kept.length;
      this.#from = 0;
      this.#room = room;
    }
    this.#room.set(bytes, this.#to);
    this.#to += bytes.length;
  }
}
