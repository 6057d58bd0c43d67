/** What a worker is to do with one module. */
export type RegoJob = {
  readonly module: Uint8Array;
  /** Of 64 KiB: what the module's memory may grow to. */
  readonly maxPages: number;
  /** Absent when the module is only looked at. `input` is JSON. */
  readonly evaluate?: { readonly entrypoint: string; readonly input: Uint8Array };
};

/** What a worker answers. Only `value` of a boolean decides anything. */
export type RegoReply =
  | { readonly kind: "problem"; readonly problem: string }
  | { readonly kind: "module"; readonly entrypoints: readonly string[]; readonly builtins: readonly string[] }
  | { readonly kind: "decided"; readonly value: boolean };
