import canonicalize from "canonicalize";
import { encodeUtf8 } from "./utf8.ts";

/**
 * The canonical text of a value (RFC 8785, JCS). Members that are `undefined` are left out, as JSON does.
 * Throws on what JSON cannot hold (NaN, infinities, lone surrogates): callers hand in checked data.
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) {
    throw new Error("not a JSON value");
  }
  return text;
}

/** The UTF-8 bytes of the canonical text, without a final newline. */
export function canonicalBytes(value: unknown): Uint8Array {
  return encodeUtf8(canonicalJson(value));
}
