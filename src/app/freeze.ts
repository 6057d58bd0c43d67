import { createReadStream } from "node:fs";
import { join } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOfHex, type Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { FolderReading } from "#port/folder.ts";
import { appCodes } from "./codes.ts";

/**
 * Copies what was planned into the artifact store, by digest. A file whose bytes are no longer those that were digested
 * is INPUT_CHANGED: what was planned is what runs, or nothing does.
 */
export async function freezeTree(
  reading: FolderReading,
  what: string,
  artifacts: ArtifactStore,
  tenantId: TenantId,
): Promise<Result<void>> {
  for (const entry of reading.listing) {
    if (entry.mode !== "link") {
      const name = `${what}/${entry.path}`;
      const kept = await freezeFile(
        join(reading.root, entry.path),
        digestOfHex(entry.sha256),
        name,
        artifacts,
        tenantId,
      );
      if (!kept.ok) {
        return kept;
      }
    }
  }
  const listed = await artifacts.put(tenantId, single(canonicalBytes(reading.listing)));
  return listed.ok ? ok(undefined) : listed;
}

/** The same for one file. */
export async function freezeFile(
  path: string,
  digest: Digest,
  what: string,
  artifacts: ArtifactStore,
  tenantId: TenantId,
): Promise<Result<void>> {
  if (await artifacts.has(tenantId, digest)) {
    return ok(undefined);
  }
  const kept = await artifacts.put(tenantId, createReadStream(path, { highWaterMark: 1 << 20 }));
  if (!kept.ok) {
    return kept;
  }
  return kept.value.digest === digest ? ok(undefined) : fail(faultOf(appCodes, "INPUT_CHANGED", { what }));
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
