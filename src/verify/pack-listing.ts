import { array, describeMisfit, integer, literal, misfitsOf, object, string } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { verifyCodes } from "./codes.ts";

const listingShape = array(
  object({
    path: string({ min: 1 }),
    mode: literal("644", "755"),
    size: integer({ min: 0 }),
    sha256: string({ pattern: /^[0-9a-f]{64}$/, expected: "64 lower-case hex digits" }),
  }),
  { min: 1 },
);

/** `pack.manifest.json` as the files that a publisher signed: what is made again from it has one form. Fault: PACK_LISTING_INVALID. */
export function readPackListing(bytes: Uint8Array): Result<readonly FileEntry[]> {
  const invalid = (problem: string): Result<never> => fail(faultOf(verifyCodes, "PACK_LISTING_INVALID", { problem }));
  const read = readCanonicalJson(bytes, "listing");
  if (!read.ok) {
    return invalid("it is not canonical JSON");
  }
  const [misfit] = misfitsOf(listingShape, read.value);
  if (misfit !== undefined) {
    return invalid(describeMisfit(misfit));
  }
  const listing = read.value as readonly FileEntry[];
  const isSorted = listing.every(({ path }, at) => at === 0 || compareUtf8(listing[at - 1]?.path ?? "", path) < 0);
  return isSorted ? ok(listing) : invalid("its files are not sorted, or one comes twice");
}
