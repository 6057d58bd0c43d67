import { repeatedMember } from "#canon/repeated-member.ts";
import { readJson } from "#canon/strict-json.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { ok, type Result } from "#fault/result.ts";

/** A JSON text of others; `repeated` names a member that stands twice in one object. Fault: JSON_SYNTAX. */
export function readStrictJson(
  bytes: Uint8Array,
  name: string,
): Result<{ readonly value: unknown; readonly repeated?: string }> {
  const read = readJson(bytes, name);
  if (!read.ok) {
    return read;
  }
  const repeated = repeatedMember(decodeUtf8(bytes) ?? "");
  return ok({ value: read.value, ...(repeated === undefined ? {} : { repeated }) });
}
