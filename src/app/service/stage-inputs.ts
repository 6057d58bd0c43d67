import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseDigest, type Digest } from "#canon/digest.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import { ok, type Result } from "#fault/result.ts";
import { stageTree } from "#step/stage-tree.ts";
import type { Workplace } from "../workplace.ts";
import type { DeclaredInputs } from "../pack-inputs.ts";
import type { StagedInput } from "./planner/planner-job.ts";

/** What was stored is no tree listing, or files in it were not stored. */
const NO_DIRECTORY: ReadonlySet<string> = new Set(["SBOM_LISTING_INVALID", "ARTIFACT_MISSING"]);

type Inputs = Readonly<Record<string, Json>>;

/** Whether an order may have files among its inputs: which of them are, the pack says. */
export function namesArtifacts(inputs: Inputs): boolean {
  return Object.values(inputs).some((value) => artifactOf(value) !== undefined);
}

/**
 * Lays out the files and directories of an order below `folder`, and digests them. What the tenant has not stored, and a
 * directory that is none, is left out. Faults: those of the artifact store.
 */
export async function stageInputs(
  inputs: Inputs,
  declared: DeclaredInputs,
  folder: string,
  { artifacts, folders, settings: { tenantId } }: Workplace,
): Promise<Result<ReadonlyMap<string, StagedInput>>> {
  const staged = new Map<string, StagedInput>();
  for (const [name, value] of Object.entries(inputs)) {
    const type = Object.hasOwn(declared, name) ? declared[name]?.type : undefined;
    const digest = artifactOf(value);
    const isFile = type === "file";
    if (digest === undefined || !(isFile || type === "directory") || !(await artifacts.has(tenantId, digest))) {
      continue;
    }
    await mkdir(join(folder, name));
    // The input's name is that of its file: nobody else names it.
    const path = join(folder, name, name);
    const laid = isFile
      ? await artifacts.stage(tenantId, digest, path, false)
      : await stageTree(artifacts, tenantId, digest, path);
    if (!laid.ok && !isFile && NO_DIRECTORY.has(laid.fault.code)) {
      continue;
    }
    if (!laid.ok) {
      return laid;
    }
    staged.set(
      name,
      isFile ? { path, file: await folders.readFile(path) } : { path, tree: await folders.readTree(path) },
    );
  }
  return ok(staged);
}

/** Exactly `{artifact: "sha256:…"}`. */
function artifactOf(value: Json): Digest | undefined {
  const artifact = isJsonObject(value) && Object.keys(value).length === 1 ? value["artifact"] : undefined;
  return typeof artifact === "string" ? parseDigest(artifact) : undefined;
}
