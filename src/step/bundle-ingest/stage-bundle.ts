import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { hexOf } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { StoredArtifact } from "#port/artifact-store.ts";
import type { BuiltInRequest } from "../built-in.ts";
import { stepCodes } from "../codes.ts";

type Staging = Pick<BuiltInRequest, "artifacts" | "artifactsPath" | "tenantId" | "signal">;

/**
 * Puts a bundle at `bundles/<hex>/<filename>` below the artifacts folder with `metadata.json` beside it, and returns
 * the metadata's bytes. `stagedPath` in it is relative to the artifacts folder, so that it means the same everywhere.
 * 1. Each file appears whole or not at all; `metadata.json` comes last, so where it stands the bundle stands too.
 * 2. What lies on disk is hashed before it gets its name.
 * 3. Staging the same bundle again changes nothing.
 */
export async function stageBundle(
  bundle: StoredArtifact,
  filename: string,
  staging: Staging,
): Promise<Result<Uint8Array>> {
  const hex = hexOf(bundle.digest);
  const folder = join(staging.artifactsPath, "bundles", hex);
  const unfinished = join(folder, `.staging-${randomUUID()}`);
  const stagedPath = `bundles/${hex}/${filename}`;
  const metadata = canonicalBytes({ checksum: bundle.digest, filename, size: bundle.size, stagedPath });
  try {
    await mkdir(unfinished, { recursive: true });
    const staged = await staging.artifacts.stage(staging.tenantId, bundle.digest, join(unfinished, filename), false);
    if (!staged.ok) {
      return staged;
    }
    const actual = await hashFile(join(unfinished, filename), staging.signal);
    if (actual !== hex) {
      return fail(faultOf(stepCodes, "BUNDLE_CHECKSUM_MISMATCH", { source: filename, actual, expected: hex }));
    }
    await writeFile(join(unfinished, "metadata.json"), metadata, { flush: true });
    await chmod(join(unfinished, "metadata.json"), 0o444);
    await rename(join(unfinished, filename), join(folder, filename));
    await rename(join(unfinished, "metadata.json"), join(folder, "metadata.json"));
    return ok(metadata);
  } catch (error) {
    return fail(stagingFault(error));
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
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
