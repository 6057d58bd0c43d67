/** Both are JSON texts in UTF-8. */
export type SchemaJob = { readonly schema: Uint8Array; readonly document: Uint8Array };

export type SchemaReply =
  | { readonly kind: "valid" }
  | { readonly kind: "invalid" | "badSchema" | "badDocument" | "unfinished"; readonly problem: string };
