/** The terminal below; its size is asked anew for every drawing. */
export type Screen = { readonly write: (text: string) => void; readonly columns: () => number };

/** A line with its colours, and how many columns it takes: fewer than the terminal has. */
export type RegionLine = { readonly text: string; readonly width: number };

/**
 * Lines at the bottom of a terminal that are drawn over, and lines above them that stay. A drawing is one write in which
 * every line replaces what stands there: nothing is blank in between, so nothing flickers.
 */
export class LiveRegion {
  readonly #screen: Screen;
  #drawn: readonly RegionLine[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** `above` are lines that stay, of any width. */
  draw(above: readonly string[], region: readonly RegionLine[]): void {
    if (above.length === 0 && region.length === 0 && this.#drawn.length === 0) {
      return;
    }
    const lines = [...above, ...region.map(({ text }) => text)].map((text) => `${text}\u001b[K\n`);
    this.#screen.write(`${this.#toTop()}${lines.join("")}\u001b[J`);
    this.#drawn = region;
  }

  /** A terminal that was made narrower since has broken the lines that stood there. */
  #toTop(): string {
    const columns = Math.max(1, this.#screen.columns());
    const rows = this.#drawn.reduce((sum, { width }) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? "\r" : `\r\u001b[${rows}A`;
  }
}
