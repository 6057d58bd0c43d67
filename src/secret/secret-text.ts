import { decodeUtf8 } from "#canon/utf8.ts";
import { tooLarge, unresolved, type Found } from "./found.ts";

/** Bytes as a value: UTF-8 text, without the one newline that editors and tools leave at its end. */
export function secretText(bytes: Uint8Array, most: number): Found {
  // The two bytes may be the end of the line.
  if (bytes.length > most + 2) {
    return tooLarge;
  }
  const text = decodeUtf8(bytes);
  return text === undefined ? unresolved("it is not UTF-8 text") : { value: text.replace(/\r?\n$/, "") };
}
