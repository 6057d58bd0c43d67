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
import { treeProblem } from "#pack/tree-problem.ts";
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

/**
 * Reads a stored directory: the canonical bytes of its tree listing. Whoever stored them may have been a step, so the
 * listing is held to what can be laid out without leaving its folder.
 */
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
  const listing = read.value as TreeListing;
  const problem = wrong === undefined ? treeProblem(listing) : describeMisfit(wrong);
  return problem === undefined ? ok(listing) : fail(faultOf(stepCodes, "SBOM_LISTING_INVALID", { directory, problem }));
}
