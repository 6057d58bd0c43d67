import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { trustDomainShape } from "#canon/id-shape.ts";
import { digest, integer, literal, misfitsOf, object, record, type Infer } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { trustRootShape } from "#trust/trust-root.ts";
import { fileFault, systemCode } from "./file-fault.ts";
import { writeAtomically } from "./trust-file.ts";
import { trustUseCodes } from "./trust-use-codes.ts";

const DOMAIN = /^[a-z0-9][a-z0-9.-]{0,126}$/;
const seenListShape = object({ sequence: integer({ min: 1 }), digest: digest() });
/** The last revocation list of a trust domain that was relied on from here. */
export type SeenList = Infer<typeof seenListShape>;

/**
 * `trust/seen.json` of a state folder: by trust domain the last root that was relied on from here, whose keys judge the
 * next one, and the last of its revocation lists; and by path which trust domain a pinned file was of.
 */
const seenShape = object(
  {
    schema: literal("packrun.seen-roots/v1"),
    roots: record(DOMAIN, trustRootShape, "a trust domain"),
  },
  {
    revocations: record(DOMAIN, seenListShape, "a trust domain"),
    files: record(/^/, trustDomainShape, "a path"),
  },
);
export type Seen = Infer<typeof seenShape>;

/** Writes it whole or not at all. Fault: TRUST_FILE_ACCESS. */
export async function writeSeen(stateFolder: string, next: Seen): Promise<Result<void>> {
  try {
    await writeAtomically(seenPath(stateFolder), canonicalBytes(next));
    return ok(undefined);
  } catch (error) {
    return fileFault(seenPath(stateFolder), error);
  }
}

/** What is remembered; nothing where there is no such file. Fault: TRUST_MEMORY. */
export async function readSeen(stateFolder: string): Promise<Result<Seen>> {
  const file = seenPath(stateFolder);
  const bytes = await readFile(file).catch((error: unknown) => systemCode(error));
  if (bytes === "ENOENT" || bytes === "ENOTDIR") {
    return ok({ schema: "packrun.seen-roots/v1", roots: {} });
  }
  const read = typeof bytes === "string" ? undefined : readCanonicalJson(new Uint8Array(bytes), "seen.json");
  return read?.ok === true && misfitsOf(seenShape, read.value).length === 0
    ? ok(read.value as Seen)
    : fail(faultOf(trustUseCodes, "TRUST_MEMORY", { file }));
}

export function seenPath(stateFolder: string): string {
  return join(stateFolder, "trust", "seen.json");
}
