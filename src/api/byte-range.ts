export type ByteRange = { readonly start: number; readonly length: number };

/**
 * The range of RFC 9110, section 14.2, that is asked for. Undefined where the whole is to be sent: without a range, with
 * one that is not understood, and with several, which a server may pass over.
 */
export function readRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) {
    return undefined;
  }
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, length };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) {
    return undefined;
  }
  return start >= size ? "unsatisfiable" : { start, length: end - start + 1 };
}

/** The bytes of a range. All of the whole is read up to its end, since only then is it known to be what it must be. */
export async function* stretchOf(
  whole: AsyncIterable<Uint8Array>,
  { start, length }: ByteRange,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  const end = start + length;
  for await (const chunk of whole) {
    const part = chunk.subarray(Math.max(0, start - at), Math.max(0, Math.min(chunk.length, end - at)));
    at += chunk.length;
    if (part.length > 0) {
      yield part;
    }
  }
}
