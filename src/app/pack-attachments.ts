import { stat } from "node:fs/promises";
import type { AttachmentKind } from "#layout/oci.ts";
import { DOCUMENT_LIMIT } from "#bundle/read-layout.ts";
import { isJsonObject } from "#canon/json.ts";
import { readJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import { readUserFile } from "./user-file.ts";

/** SPDX 2.2.1 and 2.3, clause 6.1. */
const SPDX2_VERSIONS: readonly unknown[] = ["SPDX-2.2", "SPDX-2.3"];
/** SPDX 3, annex "RDF and JSON-LD": the context that each document names. */
const SPDX3_CONTEXT = /^https:\/\/spdx\.org\/rdf\/3(?:\.[0-9]+){1,2}\/spdx-context\.jsonld$/;

/**
 * Documents that are to go along with a pack, each as what its content says that it is. Faults: USER_FILE_READ,
 * PACK_ATTACHMENT_TYPE.
 */
export async function readAttachments(
  files: readonly string[],
): Promise<Result<ReadonlyMap<AttachmentKind, Uint8Array>>> {
  const found = new Map<AttachmentKind, Uint8Array>();
  for (const path of files) {
    const refused = (problem: string): Result<never> =>
      fail(faultOf(packBundleUseCodes, "PACK_ATTACHMENT_TYPE", { path, problem }));
    const size = await stat(path).then(
      (about) => about.size,
      () => 0,
    );
    if (size > DOCUMENT_LIMIT) {
      return refused(`it has ${size} bytes, more than the ${DOCUMENT_LIMIT} of a document`);
    }
    const bytes = await readUserFile(path, DOCUMENT_LIMIT);
    if (!bytes.ok) {
      return bytes;
    }
    const kind = kindOfDocument(bytes.value, path);
    if (kind === undefined) {
      return refused("it is no SPDX document in JSON of version 2.2, 2.3 or 3");
    }
    if (found.has(kind)) {
      return refused(`there is another ${kind === "spdx" ? "SPDX 2" : "SPDX 3"} document already`);
    }
    found.set(kind, bytes.value);
  }
  return ok(found);
}

function kindOfDocument(bytes: Uint8Array, path: string): AttachmentKind | undefined {
  const read = readJson(bytes, path);
  if (!read.ok || !isJsonObject(read.value)) {
    return undefined;
  }
  const { spdxVersion, "@context": context, "@graph": graph } = read.value;
  if (SPDX2_VERSIONS.includes(spdxVersion)) {
    return "spdx";
  }
  const contexts: readonly unknown[] = Array.isArray(context) ? context : [context];
  const isSpdx3 = contexts.some((each) => typeof each === "string" && SPDX3_CONTEXT.test(each));
  return isSpdx3 && Array.isArray(graph) ? "spdx3" : undefined;
}
