/** A stretch of a text to be replaced, and the secret whose form is the longest in it. */
export type Span = { readonly start: number; readonly end: number; readonly name: string; readonly length: number };

/**
 * Matches, with those that overlap made into one: no byte of any form is left, whichever of two entangled secrets
 * came first. Matches come in the order of their ends; spans stand in order and never overlap.
 */
export class SpanList {
  readonly #spans: Span[] = [];

  add(start: number, end: number, name: string): void {
    let merged: Span = { start, end, name, length: end - start };
    for (let last = this.#spans.at(-1); last !== undefined && last.end > start; last = this.#spans.at(-1)) {
      this.#spans.pop();
      merged = {
        start: Math.min(last.start, merged.start),
        end: Math.max(last.end, merged.end),
        name: last.length >= merged.length ? last.name : merged.name,
        length: Math.max(last.length, merged.length),
      };
    }
    this.#spans.push(merged);
  }

  /** Takes out the spans that no match can overlap any more: those that end at or before `frontier`. */
  takeUpTo(frontier: number): readonly Span[] {
    const open = this.#spans.findIndex((span) => span.end > frontier);
    return this.#spans.splice(0, open === -1 ? this.#spans.length : open);
  }

  /** Where the first span that is left begins. */
  get next(): number {
    return this.#spans[0]?.start ?? Number.POSITIVE_INFINITY;
  }
}
