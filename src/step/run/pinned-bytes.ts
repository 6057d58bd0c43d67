import { digestOfHex, type Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { isSpoilt, StoreError } from "#fault/store-error.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { planCodes } from "#plan/codes.ts";
import type { RunNode } from "#plan/plan.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";
import { readListing } from "../read-listing.ts";
import type { PreparerPorts } from "./preparer-ports.ts";

type Ports = Pick<PreparerPorts, "artifacts" | "plan">;

/** A file of the pack is not the one that the plan pins. */
export function packFileDrift(node: RunNode, path: string): Fault {
  const pointer = node.files?.some((file) => file.path === path) === true ? `/files/${path}` : "/pack/digest";
  const hint = `the stored copy of the pack's ${path} is not the one that the plan pins`;
  return faultOf(planCodes, "PLAN_DRIFT", { node: node.id, pointer }, { hint });
}

/** A file or a directory that the inputs lock pins. */
function inputDrift(node: RunNode, name: string): Fault {
  const hint = `the stored copy of input ${name} is not the one that the plan pins`;
  return faultOf(planCodes, "PLAN_DRIFT", { node: node.id, pointer: `/inputs/${name}/digest` }, { hint });
}

/** Why the pack could not be laid out: drift where a file of it is spoilt, all else as it is. */
export function packFault(fault: Fault, node: RunNode, listing: readonly FileEntry[]): Fault {
  if (!isSpoilt(fault)) {
    return fault;
  }
  const spoilt = listing.find(({ sha256 }) => fault.data?.["digest"] === digestOfHex(sha256));
  return packFileDrift(node, spoilt?.path ?? "listing");
}

/** Why these bytes could not be laid out: drift where they are an input's, and not those of an earlier step. */
export function referenceFault(fault: Fault, digest: Digest, node: RunNode, { plan }: Ports): Fault {
  const input = storedInputs(plan).find((each) => each.digest === digest);
  return input === undefined || !isSpoilt(fault) ? fault : inputDrift(node, input.name);
}

type StoredInput = { readonly name: string; readonly type: "file" | "directory"; readonly digest: Digest };

/** The inputs whose bytes lie in the store. */
function storedInputs({ inputs }: Ports["plan"]): readonly StoredInput[] {
  return Object.entries(inputs).flatMap(([name, input]) =>
    input.type === "file" || input.type === "directory" ? [{ name, type: input.type, digest: input.digest }] : [],
  );
}

/**
 * Reads what a built-in is about to use of the pack and the locked inputs: it reads the store itself, and would know of
 * spoilt bytes only in the middle of its work. Fault: PLAN_DRIFT. Throws the StoreError of a store that fails.
 */
export async function holdStoredBytes(
  { node, program }: ResolvedAttempt,
  tenantId: TenantId,
  { artifacts, plan }: Ports,
): Promise<Result<void>> {
  for (const { path, digest } of node.files ?? []) {
    if (!(await isWhole(digest, false, tenantId, artifacts))) {
      return fail(packFileDrift(node, path));
    }
  }
  const given = program.kind === "uses" ? JSON.stringify(program.with) : "";
  for (const { name, type, digest } of storedInputs(plan).filter((input) => given.includes(input.digest))) {
    if (!(await isWhole(digest, type === "directory", tenantId, artifacts))) {
      return fail(inputDrift(node, name));
    }
  }
  return ok(undefined);
}

async function isWhole(
  digest: Digest,
  isTree: boolean,
  tenantId: TenantId,
  artifacts: Ports["artifacts"],
): Promise<boolean> {
  try {
    if (!isTree) {
      for await (const _part of artifacts.open(tenantId, digest)) {
        // The store checks what it gives.
      }
      return true;
    }
    const listing = await readListing(artifacts.open(tenantId, digest), digest);
    for (const entry of listing.ok ? listing.value : []) {
      if (entry.mode !== "link" && !(await isWhole(digestOfHex(entry.sha256), false, tenantId, artifacts))) {
        return false;
      }
    }
    return listing.ok;
  } catch (error) {
    if (error instanceof StoreError && isSpoilt(error.fault)) {
      return false;
    }
    throw error;
  }
}
