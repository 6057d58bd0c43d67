import { closeSync } from "node:fs";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { hexOf } from "#canon/digest.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { sortTree, type TreeListing } from "#pack/pack-files.ts";
import type { DirOutput } from "#plan/plan.ts";
import type { StoredArtifact } from "#port/artifact-store.ts";
import { faultOfBreak, keep, one, outputFault, scannerFor, type Collecting } from "./collecting.ts";
import { openInside } from "./open-inside.ts";
import { scanFor, scannedBytes } from "./scanned-bytes.ts";
import { walkTree, type TreeEntry } from "./walk-tree.ts";

/**
 * Takes a declared folder: its files and then its listing (JCS) go into the artifact store. All files are searched for
 * secrets before the first is stored, so that of a refused folder nothing stays. `size` is that of all files.
 */
export async function collectTree(
  collecting: Collecting,
  name: string,
  rule: DirOutput,
): Promise<Result<StoredArtifact>> {
  const entries = listEntries(collecting, name, rule);
  if (!entries.ok) {
    return entries;
  }
  if (rule.mayContainSecrets !== true) {
    const clean = await scanAll(collecting, name, rule, entries.value);
    if (!clean.ok) {
      return clean;
    }
  }
  const listing: TreeListing[number][] = [];
  let size = 0;
  for (const entry of entries.value) {
    if ("target" in entry) {
      listing.push({ path: entry.path, mode: "link", target: entry.target });
      continue;
    }
    const kept = await withFile(collecting, name, rule, entry, (bytes) => keep(collecting, name, bytes));
    if (!kept.ok) {
      return kept;
    }
    const mode = entry.executable ? "755" : "644";
    listing.push({ path: entry.path, mode, size: kept.value.size, sha256: hexOf(kept.value.digest) });
    size += kept.value.size;
  }
  const listed = await keep(collecting, name, one(canonicalBytes(sortTree(listing))));
  return listed.ok ? ok({ digest: listed.value.digest, size }) : listed;
}

function listEntries(collecting: Collecting, name: string, rule: DirOutput): Result<readonly TreeEntry[]> {
  const { redactor, budget, workFolder } = collecting;
  const opened = openInside(workFolder, rule.dir);
  switch (opened.kind) {
    case "missing":
      return fail(outputFault(redactor, "STEP_OUTPUT_MISSING", { name, problem: `there is no folder ${rule.dir}` }));
    case "file":
      closeSync(opened.fd);
      return fail(outputFault(redactor, "STEP_OUTPUT_TYPE", { name, problem: `${rule.dir} is a file, not a folder` }));
    case "link":
      return fail(outputFault(redactor, "STEP_OUTPUT_UNSAFE", { name, problem: `${rule.dir} is a symbolic link` }));
    case "unsafe":
      return fail(outputFault(redactor, "STEP_OUTPUT_UNSAFE", { name, problem: `${rule.dir}: ${opened.why}` }));
    case "directory":
      break;
  }
  const walked = walkTree(opened.fd);
  closeSync(opened.fd);
  if ("kind" in walked) {
    const code = walked.kind === "unsafe" ? "STEP_OUTPUT_UNSAFE" : "STEP_OUTPUT_TOO_LARGE";
    return fail(outputFault(redactor, code, { name, problem: walked.why }));
  }
  for (const entry of walked) {
    const problem = "target" in entry ? undefined : budget.refusal(entry.size);
    if (problem !== undefined) {
      return fail(outputFault(redactor, "STEP_OUTPUT_TOO_LARGE", { name, problem }));
    }
  }
  return ok(walked);
}

/** Names and targets of links can hold a secret as well as bytes can. */
async function scanAll(
  collecting: Collecting,
  name: string,
  rule: DirOutput,
  entries: readonly TreeEntry[],
): Promise<Result<void>> {
  try {
    scanFor(scannerFor(collecting, rule), canonicalBytes(entries));
    for (const entry of entries) {
      if (!("target" in entry)) {
        await withFile(collecting, name, rule, entry, readToEnd);
      }
    }
    return ok(undefined);
  } catch (error) {
    return fail(faultOfBreak(collecting.redactor, name, error));
  }
}

async function withFile<T>(
  collecting: Collecting,
  name: string,
  rule: DirOutput,
  entry: { readonly path: string; readonly size: number },
  use: (bytes: AsyncIterable<Uint8Array>) => Promise<Result<T>>,
): Promise<Result<T>> {
  const opened = openInside(collecting.workFolder, `${rule.dir}/${entry.path}`);
  if (opened.kind !== "file" || opened.size !== entry.size) {
    return fail(
      outputFault(collecting.redactor, "STEP_OUTPUT_UNSAFE", { name, problem: "it changed while it was read" }),
    );
  }
  try {
    return await use(scannedBytes(opened.fd, opened.size, scannerFor(collecting, rule)));
  } finally {
    closeSync(opened.fd);
  }
}

async function readToEnd(bytes: AsyncIterable<Uint8Array>): Promise<Result<void>> {
  for await (const chunk of bytes) {
    void chunk;
  }
  return ok(undefined);
}
