import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { hexOf, type Digest } from "#canon/digest.ts";
import { OUTPUTS_PATH, artifactPath } from "#evidence/evidence-path.ts";
import { outputsShape, type OutputsFile } from "#evidence/outputs-file.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { StagedArtifacts } from "#step/stage-tree.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { readBundleJson } from "./read-bundle-file.ts";
import { writeAll } from "./write-all.ts";

/** The artifacts of an evidence bundle, held to their digests as a store's are. */
export function bundledArtifacts(source: BundleSource): StagedArtifacts {
  return {
    open: (_tenant, digest) => source.open(artifactPath(hexOf(digest))),
    stage: (_tenant, digest, path, executable) => stage(source, digest, path, executable),
  };
}

/** What the pack of a bundle's run gave. Faults: those of `readBundleJson`. */
export async function bundledOutputs(source: BundleSource): Promise<Result<OutputsFile["outputs"]>> {
  const read = await readBundleJson(source, OUTPUTS_PATH, outputsShape);
  return read.ok ? ok(read.value.outputs) : read;
}

async function stage(source: BundleSource, digest: Digest, path: string, executable: boolean): Promise<Result<void>> {
  const stored = artifactPath(hexOf(digest));
  const hash = createHash("sha256");
  await using handle = await open(path, "wx", executable ? 0o555 : 0o444);
  for await (const chunk of source.open(stored)) {
    hash.update(chunk);
    await writeAll(handle, chunk);
  }
  return hash.digest("hex") === hexOf(digest)
    ? ok(undefined)
    : fail(faultOf(bundleCodes, "EVIDENCE_FILE_CHANGED", { path: stored }));
}
