/** How a character looks; what is not said is as usual. */
export type Look = { readonly color?: Color; readonly bold?: true; readonly dim?: true };
export type Color = "red" | "green" | "yellow" | "cyan";
export type Cell = { readonly character: string; readonly look: Look };

const USUAL: Look = {};
const COLORS: Readonly<Record<number, Color>> = { 31: "red", 32: "green", 33: "yellow", 36: "cyan" };

/** As much of a terminal as packrun uses: text, line ends, breaking at the edge, colours, going up, clearing. */
export class Screen {
  readonly columns: number;
  readonly #rows: Cell[][] = [[]];
  #row = 0;
  #column = 0;
  #look = USUAL;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex -- terminals are spoken to in control characters
    for (const [word, count, letter] of text.matchAll(/\u001b\[([\d;]*)([A-Za-z])|[^]/gu)) {
      if (letter === undefined) {
        this.#put(word);
      } else {
        this.#control(letter, (count ?? "").split(";").map(Number));
      }
    }
  }

  /** The lines that stand, without empty ones at the end. */
  lines(): readonly (readonly Cell[])[] {
    const last = this.#rows.findLastIndex((cells) => cells.some(({ character }) => character !== " "));
    return this.#rows.slice(0, last + 1);
  }

  #control(letter: string, [first = 0, ...others]: readonly number[]): void {
    if (letter === "m") {
      [first, ...others].forEach((code) => this.#style(code));
    } else if (letter === "A") {
      this.#row = Math.max(0, this.#row - Math.max(1, first));
    } else if (letter === "K" || letter === "J") {
      this.#cells().length = Math.min(this.#column, this.#cells().length);
      this.#rows.length = letter === "J" ? this.#row + 1 : this.#rows.length;
    }
  }

  #style(code: number): void {
    const { color: _color, ...plain } = this.#look;
    const { bold: _bold, dim: _dim, ...light } = this.#look;
    const color = COLORS[code];
    if (code === 0) {
      this.#look = USUAL;
    } else if (code === 1) {
      this.#look = { ...this.#look, bold: true };
    } else if (code === 2) {
      this.#look = { ...this.#look, dim: true };
    } else if (code === 22) {
      this.#look = light;
    } else if (code === 39) {
      this.#look = plain;
    } else if (color !== undefined) {
      this.#look = { ...this.#look, color };
    }
  }

  #put(character: string): void {
    if (character === "\r") {
      this.#column = 0;
      return;
    }
    if (character === "\n" || this.#column >= this.columns) {
      this.#newLine();
    }
    if (character !== "\n") {
      this.#cells()[this.#column] = { character, look: this.#look };
      this.#column += 1;
    }
  }

  #newLine(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#rows.length) {
      this.#rows.push([]);
    }
  }

  #cells(): Cell[] {
    return this.#rows[this.#row] ?? [];
  }
}
