import type { RedactingStream } from "#port/secrets.ts";
import { ROOT, type FormMatcher } from "./form-matcher.ts";
import { HeldBytes } from "./held-bytes.ts";
import { SpanList } from "./span-list.ts";

/** What a stream asks of its redactor: the matcher of now, and the text that stands for a secret. */
export type Redaction = { readonly matcher: () => FormMatcher; readonly mark: (name: string) => Uint8Array };

/**
 * Redacts one stream of bytes.
 * Invariants: positions count from the start of the stream; bytes before `#frontier` are decided, no form that is not yet
 * complete begins there; `#held` are the bytes from `#frontier` to the end of what was pushed, fewer than the longest form.
 */
export class RedactingWalk implements RedactingStream {
  readonly #redaction: Redaction;
  readonly #spans = new SpanList();
  #matcher: FormMatcher;
  #state = ROOT;
  readonly #held = new HeldBytes();
  #frontier = 0;
  /** The first byte that was neither given out nor belongs to a span that was. */
  #cursor = 0;

  constructor(redaction: Redaction) {
    this.#redaction = redaction;
    this.#matcher = redaction.matcher();
  }

  /** The bytes that are decided now; they may be a part of `chunk` itself, which is not kept. */
  push(chunk: Uint8Array): Uint8Array {
    const base = this.#frontier + this.#held.length;
    const sink = (start: number, end: number, name: string): void => this.#spans.add(start, end, name);
    const matcher = this.#redaction.matcher();
    if (matcher !== this.#matcher) {
      this.#matcher = matcher;
      this.#state = matcher.walk(ROOT, this.#held.view(), this.#frontier, sink);
    }
    this.#state = matcher.walk(this.#state, chunk, base, sink);
    return this.#release(chunk, base, base + chunk.length - matcher.depthOf(this.#state));
  }

  end(): Uint8Array {
    const base = this.#frontier + this.#held.length;
    this.#state = ROOT;
    return this.#release(new Uint8Array(0), base, base);
  }

  #release(chunk: Uint8Array, base: number, frontier: number): Uint8Array {
    const parts: Uint8Array[] = [];
    const copy = (from: number, to: number): void => {
      if (from < base && from < to) {
        parts.push(Buffer.from(this.#held.view(from - this.#frontier, Math.min(to, base) - this.#frontier)));
      }
      if (to > base && from < to) {
        parts.push(chunk.subarray(Math.max(from, base) - base, to - base));
      }
    };
    for (const span of this.#spans.takeUpTo(frontier)) {
      copy(this.#cursor, span.start);
      parts.push(this.#redaction.mark(span.name));
      this.#cursor = span.end;
    }
    const decided = Math.min(this.#spans.next, frontier);
    copy(this.#cursor, decided);
    this.#cursor = Math.max(this.#cursor, decided);
    this.#held.drop(frontier - this.#frontier);
    this.#held.append(chunk.subarray(Math.max(0, frontier - base)));
    this.#frontier = frontier;
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  }
}
