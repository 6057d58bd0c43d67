import { fail, ok, type Result } from "#fault/result.ts";
import { faultOf } from "#fault/code-table.ts";
import { canonicalJson } from "./canonical-json.ts";
import { canonCodes } from "./codes.ts";
import { jsonOffset } from "./json-offset.ts";
import { decodeUtf8 } from "./utf8.ts";

/**
 * Reads a file that must be exactly the canonical bytes of one JSON value. Comparing the text with that of what was read
 * refuses duplicate keys, `1.0`, `-0`, lost precision, a byte order mark and anything behind the value.
 */
export function readCanonicalJson(bytes: Uint8Array, file: string): Result<unknown> {
  const text = decodeUtf8(bytes);
  const read = parsed(text, file);
  // Of valid UTF-8 equal texts are equal bytes.
  return !read.ok || canonicalTextOf(read.value) === text
    ? read
    : fail(faultOf(canonCodes, "JSON_NOT_CANONICAL", { file }, { place: { file } }));
}

/** Reads any UTF-8 JSON text: for files written by others, where white space and key order are free. */
export function readJson(bytes: Uint8Array, file: string): Result<unknown> {
  return parsed(decodeUtf8(bytes), file);
}

function parsed(text: string | undefined, file: string): Result<unknown> {
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
function canonicalTextOf(value: unknown): string | undefined {
  try {
    return canonicalJson(value);
  } catch {
    return undefined;
  }
}
