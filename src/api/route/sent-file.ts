import type { Answer } from "../route.ts";

export type SentFile = {
  readonly mediaType: string;
  /** What a browser calls it; none unless given. */
  readonly name?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In bytes. */
  readonly length: number;
  readonly chunks: AsyncIterable<Uint8Array>;
};

/** The answer that sends a file, of which `HEAD` wants the head alone. No cache may keep it for others. */
export function sentFile(
  { name, headers, chunks, ...file }: SentFile,
  { isHead }: { readonly isHead: boolean },
): Answer {
  return {
    kind: "stream",
    status: 200,
    ...file,
    headers: {
      ...(name === undefined ? {} : { "Content-Disposition": `attachment; filename="${name}"` }),
      "Cache-Control": "private, no-cache",
      ...headers,
    },
    chunks: isHead ? chunksOf() : chunks,
  };
}

/** Bytes that are all there, or none. */
export async function* chunksOf(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}
