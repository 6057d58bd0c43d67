import { fail, ok, type Result } from "#fault/result.ts";
import { faultOf } from "#fault/code-table.ts";
import { equalBytes } from "./bytes.ts";
import { canonicalBytes } from "./canonical-json.ts";
import { canonCodes } from "./codes.ts";
import { jsonOffset } from "./json-offset.ts";
import { decodeUtf8 } from "./utf8.ts";

/**
 * Reads a file that must be exactly the canonical bytes of one JSON value. Comparing the bytes with those of what was
 * read refuses duplicate keys, `1.0`, `-0`, lost precision, a byte order mark and anything behind the value.
 */
export function readCanonicalJson(bytes: Uint8Array, file: string): Result<unknown> {
  const read = readJson(bytes, file);
  if (!read.ok) {
    return read;
  }
  const canonical = canonicalBytesOf(read.value);
  return canonical !== undefined && equalBytes(canonical, bytes)
    ? read
    : fail(faultOf(canonCodes, "JSON_NOT_CANONICAL", { file }, { place: { file } }));
}

/** Reads any UTF-8 JSON text: for files written by others, where white space and key order are free. */
export function readJson(bytes: Uint8Array, file: string): Result<unknown> {
  const text = decodeUtf8(bytes);
  if (text === undefined) {
    return fail(faultOf(canonCodes, "JSON_SYNTAX", { file, problem: "it is not valid UTF-8" }, { place: { file } }));
  }
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    const at = jsonOffset(text) ?? 0;
    const problem = at < text.length ? `it goes wrong at character ${at + 1}` : "it ends too early";
    return fail(faultOf(canonCodes, "JSON_SYNTAX", { file, problem }, { place: { file } }));
  }
}

/** Undefined when a string in the value holds a lone surrogate, which canonical JSON cannot carry. */
function canonicalBytesOf(value: unknown): Uint8Array | undefined {
  try {
    return canonicalBytes(value);
  } catch {
    return undefined;
  }
}
