import {
  array,
  describeMisfit,
  either,
  integer,
  literal,
  misfitsOf,
  object,
  string,
  type Shape,
} from "#canon/shape.ts";
import { concatBytes } from "#canon/bytes.ts";
import { isJsonObject } from "#canon/json.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { TreeListing } from "./built-in.ts";
import { stepCodes } from "./codes.ts";

const fileShape = object({
  path: string({ min: 1 }),
  mode: literal("644", "755"),
  size: integer({ min: 0 }),
  sha256: string({ pattern: /^[0-9a-f]{64}$/, expected: "64 lower-case hex digits" }),
});
const linkShape = object({ path: string({ min: 1 }), mode: literal("link"), target: string({ min: 1 }) });
const listingShape: Shape<TreeListing> = array(
  either([fileShape, linkShape], (entry) => (isJsonObject(entry) && entry["mode"] === "link" ? linkShape : fileShape)),
);

/** Reads a stored directory: the canonical bytes of its tree listing. */
export async function readListing(bytes: AsyncIterable<Uint8Array>, directory: string): Promise<Result<TreeListing>> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) {
    parts.push(part);
  }
  const read = readCanonicalJson(concatBytes(...parts), directory);
  if (!read.ok) {
    return fail(faultOf(stepCodes, "SBOM_LISTING_INVALID", { directory, problem: read.fault.message }));
  }
  const [wrong] = misfitsOf(listingShape, read.value);
  return wrong === undefined
    ? ok(read.value as TreeListing)
    : fail(faultOf(stepCodes, "SBOM_LISTING_INVALID", { directory, problem: describeMisfit(wrong) }));
}
