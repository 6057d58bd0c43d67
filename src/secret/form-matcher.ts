/** One byte sequence to look for; `name` is the secret's. */
export type Form = { readonly name: string; readonly bytes: Uint8Array };

/** Told of the longest form that ends at `end`, once for every such end, in their order. */
export type MatchSink = (start: number, end: number, name: string) => void;

/** The state of a walk that is inside no form. */
export const ROOT = 0;
const NONE = -1;
/** Bytes per block of the shift table. */
const BLOCK = 3;

/**
 * Finds many byte sequences at once, in time linear in the text whatever their number: an Aho-Corasick automaton
 * (Communications of the ACM 18(6), 1975), and, while it is in its root, the shift table of Wu and Manber (TR-94-17),
 * which passes over bytes that cannot belong to any form. The root means that no form has begun, so passing over bytes
 * there loses nothing, and every byte is looked at a bounded number of times.
 */
export class FormMatcher {
  /** Length of the longest form, 0 without forms. */
  readonly longest: number;
  readonly #names: readonly string[];
  readonly #edges: EdgeTable;
  readonly #roots: Int32Array;
  readonly #fail: Int32Array;
  readonly #depth: Int32Array;
  /** Length and secret of the longest form that ends in a state; 0 when none does. */
  readonly #matched: Int32Array;
  readonly #named: Int32Array;
  readonly #shifts: Uint8Array;
  readonly #shortest: number;

  constructor(forms: readonly Form[]) {
    const total = forms.reduce((sum, form) => sum + form.bytes.length, 0);
    this.longest = forms.reduce((most, form) => Math.max(most, form.bytes.length), 0);
    this.#shortest = forms.reduce((least, form) => Math.min(least, form.bytes.length), this.longest);
    this.#names = [...new Set(forms.map((form) => form.name))];
    this.#edges = new EdgeTable(total);
    this.#roots = new Int32Array(256).fill(NONE);
    this.#fail = new Int32Array(total + 1);
    this.#depth = new Int32Array(total + 1);
    this.#matched = new Int32Array(total + 1);
    this.#named = new Int32Array(total + 1);
    this.#linkFailures(this.#growTrie(forms));
    this.#shifts = shiftTable(forms, this.#shortest);
  }

  /** Bytes up to the present end that may be the beginning of a form. */
  depthOf(state: number): number {
    return this.#depth[state] ?? 0;
  }

  /** Goes on from `state` over `chunk`, whose first byte is number `base` of the text; the state at its end. */
  walk(state: number, chunk: Uint8Array, base: number, sink: MatchSink): number {
    if (this.longest === 0) {
      return ROOT;
    }
    let at = 0;
    let now = state;
    while (at < chunk.length) {
      if (now === ROOT) {
        at = this.#passOver(chunk, at);
      }
      if (at < chunk.length) {
        now = this.#step(now, chunk[at] ?? 0);
        at += 1;
        const length = this.#matched[now] ?? 0;
        if (length > 0) {
          sink(base + at - length, base + at, this.#names[this.#named[now] ?? 0] ?? "");
        }
      }
    }
    return now;
  }

  /** The first place at or behind `at` where a form may begin. */
  #passOver(chunk: Uint8Array, at: number): number {
    const shifts = this.#shifts;
    const ahead = this.#shortest - 1;
    let place = at;
    if (ahead >= BLOCK - 1) {
      for (let last = at + ahead; last < chunk.length; last = place + ahead) {
        const shift = shifts[blockHash(chunk[last - 2] ?? 0, chunk[last - 1] ?? 0, chunk[last] ?? 0)] ?? 0;
        if (shift === 0 && this.#roots[chunk[place] ?? 0] !== NONE) {
          return place;
        }
        place += shift === 0 ? 1 : shift;
      }
    }
    while (place < chunk.length && this.#roots[chunk[place] ?? 0] === NONE) {
      place += 1;
    }
    return place;
  }

  #step(state: number, byte: number): number {
    let from = state;
    while (from !== ROOT) {
      const next = this.#edges.get(from, byte);
      if (next !== NONE) {
        return next;
      }
      from = this.#fail[from] ?? ROOT;
    }
    return Math.max(ROOT, this.#roots[byte] ?? NONE);
  }

  /** For each state its parent and byte; states are numbered as they are made, parents before children. */
  #growTrie(forms: readonly Form[]): { readonly parents: readonly number[]; readonly bytes: readonly number[] } {
    const parents = [NONE];
    const bytes = [0];
    for (const form of forms) {
      let state = ROOT;
      for (const byte of form.bytes) {
        let next = state === ROOT ? (this.#roots[byte] ?? NONE) : this.#edges.get(state, byte);
        if (next === NONE) {
          next = parents.length;
          parents.push(state);
          bytes.push(byte);
          this.#depth[next] = (this.#depth[state] ?? 0) + 1;
          if (state === ROOT) {
            this.#roots[byte] = next;
          } else {
            this.#edges.set(state, byte, next);
          }
        }
        state = next;
      }
      if (this.#matched[state] === 0) {
        this.#matched[state] = form.bytes.length;
        this.#named[state] = this.#names.indexOf(form.name);
      }
    }
    return { parents, bytes };
  }

  /** All states but the root, those nearer to it first. */
  #byDepth(states: number): Int32Array {
    const before = new Int32Array(this.longest + 2);
    for (let state = 1; state < states; state += 1) {
      const deeper = (this.#depth[state] ?? 0) + 1;
      before[deeper] = (before[deeper] ?? 0) + 1;
    }
    for (let depth = 1; depth < before.length; depth += 1) {
      before[depth] = (before[depth] ?? 0) + (before[depth - 1] ?? 0);
    }
    const sorted = new Int32Array(states - 1);
    for (let state = 1; state < states; state += 1) {
      const depth = this.#depth[state] ?? 0;
      const at = before[depth] ?? 0;
      sorted[at] = state;
      before[depth] = at + 1;
    }
    return sorted;
  }

  #linkFailures(trie: { readonly parents: readonly number[]; readonly bytes: readonly number[] }): void {
    for (const state of this.#byDepth(trie.parents.length)) {
      const parent = trie.parents[state] ?? ROOT;
      const fail = parent === ROOT ? ROOT : this.#step(this.#fail[parent] ?? ROOT, trie.bytes[state] ?? 0);
      this.#fail[state] = fail;
      if (this.#matched[state] === 0) {
        this.#matched[state] = this.#matched[fail] ?? 0;
        this.#named[state] = this.#named[fail] ?? 0;
      }
    }
  }
}

/** Transitions other than those of the root: open addressing, at most half full. */
class EdgeTable {
  readonly #mask: number;
  /** Numbers up to 2^53 are exact: a state times 256 plus a byte, plus 1; 0 means empty. */
  readonly #keys: Float64Array;
  readonly #targets: Int32Array;

  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, most * 2)));
    this.#mask = size - 1;
    this.#keys = new Float64Array(size);
    this.#targets = new Int32Array(size);
  }

  get(state: number, byte: number): number {
    const slot = this.#slot(state, byte);
    return this.#keys[slot] === 0 ? NONE : (this.#targets[slot] ?? NONE);
  }

  set(state: number, byte: number, target: number): void {
    const slot = this.#slot(state, byte);
    this.#keys[slot] = state * 256 + byte + 1;
    this.#targets[slot] = target;
  }

  #slot(state: number, byte: number): number {
    const key = state * 256 + byte + 1;
    let slot = (Math.imul(state, 0x9e37_79b1) ^ Math.imul(byte, 0x85eb_ca6b)) >>> 7;
    for (slot &= this.#mask; this.#keys[slot] !== 0 && this.#keys[slot] !== key; slot = (slot + 1) & this.#mask);
    return slot;
  }
}

function blockHash(a: number, b: number, c: number): number {
  return ((a << 10) ^ (b << 5) ^ c) & 0xff_ff;
}

/** For each block, how far the end of the window may move: 0 where a form's first `window` bytes end with it. */
function shiftTable(forms: readonly Form[], window: number): Uint8Array {
  const table = new Uint8Array(0x1_00_00).fill(Math.min(255, Math.max(1, window - BLOCK + 1)));
  for (const { bytes } of forms) {
    for (let end = BLOCK; end <= window; end += 1) {
      const block = blockHash(bytes[end - 3] ?? 0, bytes[end - 2] ?? 0, bytes[end - 1] ?? 0);
      table[block] = Math.min(table[block] ?? 0, window - end);
    }
  }
  return table;
}
