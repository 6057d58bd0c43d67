import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseDigest, type Digest } from "#canon/digest.ts";
import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import { ok, type Result } from "#fault/result.ts";
import { nameProblem } from "#pack/tree-entry.ts";
import { stageTree } from "#step/stage-tree.ts";
import type { Workplace } from "../workplace.ts";
import type { DeclaredInputs } from "../pack-inputs.ts";
import type { StagedInput } from "./planner/planner-job.ts";

/** What was stored is no tree listing, or files in it were not stored. */
const NO_DIRECTORY: ReadonlySet<string> = new Set(["SBOM_LISTING_INVALID", "ARTIFACT_MISSING"]);

type Inputs = Readonly<Record<string, Json>>;

/** Whether an order may have files among its inputs: which of them are, the pack says. */
export function namesArtifacts(inputs: Inputs): boolean {
  return Object.values(inputs).some((value) => storedOf(value) !== undefined);
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
    const stored = storedOf(value);
    const isFile = type === "file";
    if (stored === undefined || !(isFile || type === "directory") || !(await artifacts.has(tenantId, stored.digest))) {
      continue;
    }
    const { digest } = stored;
    await mkdir(join(folder, name));
    const path = join(folder, name, stored.name ?? name);
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

/** Bytes of this length are the longest name that Linux gives a file. */
const LONGEST_NAME = 255;

/** Exactly `{artifact: "sha256:…"}`, with the `name` of the file or directory where it is not to be that of the input. */
function storedOf(value: Json): { readonly digest: Digest; readonly name?: string } | undefined {
  const given: JsonObject = isJsonObject(value) ? value : {};
  const { artifact, name, ...more } = given;
  const digest = typeof artifact === "string" ? parseDigest(artifact) : undefined;
  if (digest === undefined || Object.keys(more).length > 0) {
    return undefined;
  }
  if (name === undefined) {
    return { digest };
  }
  return typeof name === "string" && isFileName(name) ? { digest, name } : undefined;
}

function isFileName(name: string): boolean {
  const isOwn = name !== "" && name !== "." && name !== ".." && !name.includes("/");
  return isOwn && nameProblem(name) === undefined && Buffer.byteLength(name) <= LONGEST_NAME;
}
