/** As much of a terminal as the live view uses: text, line ends, breaking at the edge, going up, clearing. */
export class Terminal {
  columns: number;
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  readonly write = (text: string): void => {
    // oxlint-disable-next-line no-control-regex -- terminals are spoken to in control characters
    for (const [word, count = "1"] of text.matchAll(/\u001b\[(\d*)[AJK]|[^]/gu)) {
      this.#take(word, Number(count));
    }
  };

  /** Everything that was ever written and still stands. */
  lines(): readonly string[] {
    return this.#rows.map((cells) => cells.join("").trimEnd());
  }

  #take(word: string, count: number): void {
    if (word.endsWith("A") && word.length > 1) {
      this.#row = Math.max(0, this.#row - count);
    } else if (word === "\u001b[K" || word === "\u001b[J") {
      this.#cells().length = Math.min(this.#column, this.#cells().length);
      this.#rows.length = word === "\u001b[J" ? this.#row + 1 : this.#rows.length;
    } else if (word === "\r") {
      this.#column = 0;
    } else if (word === "\n") {
      this.#newLine();
    } else {
      this.#put(word);
    }
  }

  #put(character: string): void {
    if (this.#column >= this.columns) {
      this.#newLine();
    }
    this.#cells()[this.#column] = character;
    this.#column += 1;
  }

  #newLine(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#rows.length) {
      this.#rows.push([]);
    }
  }

  #cells(): string[] {
    return this.#rows[this.#row] ?? [];
  }
}
