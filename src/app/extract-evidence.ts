import { createHash } from "node:crypto";
import { open, readdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestOfHex, hexOf, type Digest } from "#canon/digest.ts";
import { array, integer, literal, object, string, tagged } from "#canon/shape.ts";
import { evidenceManifestShape } from "#evidence/evidence-manifest.ts";
import { artifactPath, MANIFEST_PATH, OUTPUTS_PATH, PLAN_PATH } from "#evidence/evidence-path.ts";
import { outputsShape } from "#evidence/outputs-file.ts";
import { addEvent, noFacts, treesOf, type ArtifactUse } from "#evidence/run-facts.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { treeProblem } from "#pack/tree-problem.ts";
import { NAME, planShape } from "#plan/plan.ts";
import { INSTANCE_ID } from "#run/event-shape.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { readBundleEvents } from "./read-bundle-events.ts";
import { readBundleJson } from "./read-bundle-file.ts";
import { writeAll } from "./write-all.ts";
import { makeFolder } from "./make-folder.ts";

const path = string({ min: 1, max: 4096 });
const hex = string({ pattern: /^[0-9a-f]{64}$/ });
const fileOf = <const M extends "644" | "755">(mode: M) =>
  object({ path, mode: literal(mode), size: integer({ min: 0 }), sha256: hex });
const listingShape = array(
  tagged("mode", {
    "644": fileOf("644"),
    "755": fileOf("755"),
    link: object({ path, mode: literal("link"), target: path }),
  }),
);

/** Where an artifact was written, relative to the folder. */
export type Extracted = { readonly path: string; readonly digest: Digest };

/**
 * Writes the artifacts of a bundle under their names: `<step>/<output>`, the step of a map's item as `<map>[<n>]/<step>`.
 * Of several attempts the last one's counts; of a snapshot its ledger says which there are so far. Bytes are held to their digests; nothing is written outside `folder`, which
 * must be new or empty. Extracting verifies nothing else. Faults: EXTRACT_TARGET, BUNDLE_ENTRY_UNSAFE, EVIDENCE_FILE_*.
 */
export async function extractEvidence(source: BundleSource, folder: string): Promise<Result<readonly Extracted[]>> {
  const held = await readHeld(source);
  if (!held.ok) {
    return held;
  }
  const { artifacts, trees } = held.value;
  const there = await readdir(folder).catch(() => []);
  if (there.length > 0) {
    return fail(faultOf(bundleCodes, "EXTRACT_TARGET", { folder }));
  }
  const wanted = new Map<string, Digest>();
  for (const { stepId, name, digest } of artifacts) {
    if (!INSTANCE_ID.test(stepId) || !NAME.test(name)) {
      return fail(faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path: `${stepId}/${name}` }));
    }
    wanted.set(`${stepId.replaceAll("::", "/")}/${name}`, digest);
  }
  await makeFolder(folder);
  for (const [at, digest] of wanted) {
    const written = trees.has(digest)
      ? await writeTree(source, digest, join(folder, at))
      : await writeFile(source, digest, join(folder, at), 0o644);
    if (!written.ok) {
      return written;
    }
  }
  return ok([...wanted].map(([at, digest]) => ({ path: at, digest })));
}

/** What a bundle holds of its steps; `trees` are the artifacts that are listings of trees, as ledger and plan say. */
type Held = { readonly artifacts: readonly ArtifactUse[]; readonly trees: ReadonlySet<Digest> };

/** A snapshot has no list of its outputs: its ledger names them. */
async function readHeld(source: BundleSource): Promise<Result<Held>> {
  const manifest = await readBundleJson(source, MANIFEST_PATH, evidenceManifestShape);
  const plan = manifest.ok ? await readBundleJson(source, PLAN_PATH, planShape) : manifest;
  if (!manifest.ok || !plan.ok) {
    return plan as Result<never>;
  }
  const outputs = manifest.value.final ? await readBundleJson(source, OUTPUTS_PATH, outputsShape) : ok(undefined);
  if (!outputs.ok) {
    return outputs;
  }
  const facts = noFacts();
  for await (const event of readBundleEvents(source)) {
    addEvent(facts, event);
  }
  const { artifacts } = outputs.value ?? facts;
  return ok({ artifacts, trees: treesOf(facts, plan.value) });
}

/** What turns out to have other bytes is taken away again. */
async function writeFile(source: BundleSource, digest: Digest, at: string, mode: number): Promise<Result<void>> {
  const written = await writeChecked(source, digest, at, mode);
  if (!written.ok) {
    await rm(at, { force: true });
  }
  return written;
}

async function writeChecked(source: BundleSource, digest: Digest, at: string, mode: number): Promise<Result<void>> {
  const stored = artifactPath(hexOf(digest));
  await makeFolder(dirname(at));
  const handle = await open(at, "wx", mode);
  const hash = createHash("sha256");
  try {
    for await (const chunk of source.open(stored)) {
      hash.update(chunk);
      await writeAll(handle, chunk);
    }
  } catch (error) {
    const problem = error instanceof Error ? error.message : "unknown problem";
    return fail(faultOf(bundleCodes, "BUNDLE_UNREADABLE", { path: stored, problem }));
  } finally {
    await handle.close();
  }
  return hash.digest("hex") === hexOf(digest)
    ? ok(undefined)
    : fail(faultOf(bundleCodes, "EVIDENCE_FILE_CHANGED", { path: stored }));
}

/** Links come last, so that no file is ever written through one. */
async function writeTree(source: BundleSource, tree: Digest, at: string): Promise<Result<void>> {
  const stored = artifactPath(hexOf(tree));
  const listing = await readBundleJson(source, stored, listingShape);
  if (!listing.ok) {
    return listing;
  }
  if (treeProblem(listing.value) !== undefined) {
    return fail(faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path: stored }));
  }
  await makeFolder(at);
  for (const entry of listing.value) {
    if (entry.mode !== "link") {
      const mode = entry.mode === "755" ? 0o755 : 0o644;
      const written = await writeFile(source, digestOfHex(entry.sha256), join(at, entry.path), mode);
      if (!written.ok) {
        return written;
      }
    }
  }
  for (const entry of listing.value) {
    if (entry.mode === "link") {
      await makeFolder(dirname(join(at, entry.path)));
      await symlink(entry.target, join(at, entry.path));
    }
  }
  return ok(undefined);
}
