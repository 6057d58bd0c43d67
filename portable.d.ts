/** What the pure rooms may use of every JavaScript host beyond the language itself (WHATWG Encoding). */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}
/** Ports name it; whoever carries them out makes it (WHATWG DOM). */
declare class AbortSignal {
  readonly aborted: boolean;
}
