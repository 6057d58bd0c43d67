import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { hexOf } from "#canon/digest.ts";
import { tenantPrefix } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { StoredArtifact } from "#port/artifact-store.ts";
import type { BuiltInRequest } from "../built-in.ts";
import { stepCodes } from "../codes.ts";

type Staging = Pick<BuiltInRequest, "artifacts" | "artifactsPath" | "tenantId" | "signal">;

/**
 * Puts a bundle at `bundles/<hex>/<filename>` below the tenant's artifacts with `metadata.json` beside it, and returns
 * the metadata's bytes. Tenants share nothing there, not even equal bundles. `stagedPath` in it is relative to the artifacts folder, so that it means the same everywhere.
 * 1. Each file appears whole or not at all; `metadata.json` comes last, so where it stands the bundle stands too.
 * 2. What lies on disk is hashed before it gets its name.
 * 3. Staging the same bundle again changes nothing.
 */
export async function stageBundle(
  bundle: StoredArtifact,
  filename: string,
  staging: Staging,
): Promise<Result<Uint8Array>> {
  const folder = join(staging.artifactsPath, folderOf(bundle, staging));
  const unfinished = join(folder, `.staging-${randomUUID()}`);
  try {
    await mkdir(unfinished, { recursive: true });
    try {
      return await stageInto(folder, unfinished, { bundle, filename, staging });
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  } catch (error) {
    return fail(stagingFault(error));
  }
}

async function stageInto(
  folder: string,
  unfinished: string,
  { bundle, filename, staging }: { bundle: StoredArtifact; filename: string; staging: Staging },
): Promise<Result<Uint8Array>> {
  const expected = hexOf(bundle.digest);
  const file = join(unfinished, filename);
  const staged = await staging.artifacts.stage(staging.tenantId, bundle.digest, file, false);
  if (!staged.ok) {
    return staged;
  }
  const actual = await hashFile(file, staging.signal);
  if (actual !== expected) {
    return fail(faultOf(stepCodes, "BUNDLE_CHECKSUM_MISMATCH", { source: filename, actual, expected }));
  }
  const stagedPath = `${folderOf(bundle, staging)}/${filename}`;
  const metadata = canonicalBytes({ checksum: bundle.digest, filename, size: bundle.size, stagedPath });
  await writeFile(join(unfinished, "metadata.json"), metadata, { mode: 0o444, flush: true });
  await rename(file, join(folder, filename));
  await rename(join(unfinished, "metadata.json"), join(folder, "metadata.json"));
  return ok(metadata);
}

function folderOf({ digest }: StoredArtifact, { tenantId }: Staging): string {
  return `${tenantPrefix(tenantId)}bundles/${hexOf(digest)}`;
}

/** Names the error without the host's path; anything that is not the file system's is a bug or a cancellation. */
function stagingFault(error: unknown): ReturnType<typeof faultOf> {
  if (error instanceof Error && "syscall" in error && "code" in error) {
    return faultOf(stepCodes, "BUNDLE_STAGING_FAILED", {
      problem: `${String(error.syscall)} gave ${String(error.code)}`,
    });
  }
  throw error;
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Uint8Array);
  }
  return hash.digest("hex");
}
