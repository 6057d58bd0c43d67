import { digestOfHex, type Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { planCodes } from "#plan/codes.ts";
import type { RunNode } from "#plan/plan.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";
import { readListing } from "../read-listing.ts";
import type { PreparerPorts } from "./preparer-ports.ts";

/** What a store says of bytes that it has, but not as they were stored. */
const SPOILT: ReadonlySet<string> = new Set(["ARTIFACT_MISSING", "ARTIFACT_CORRUPT"]);

type Ports = Pick<PreparerPorts, "artifacts" | "packListing" | "plan">;

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
  if (!SPOILT.has(fault.code)) {
    return fault;
  }
  const spoilt = listing.find(({ sha256 }) => fault.data?.["digest"] === digestOfHex(sha256));
  return packFileDrift(node, spoilt?.path ?? "listing");
}

/** Why these bytes could not be laid out: drift where they are an input's, and not those of an earlier step. */
export function referenceFault(fault: Fault, digest: Digest, node: RunNode, { plan }: Ports): Fault {
  const name = inputOf(digest, plan);
  return name === undefined || !SPOILT.has(fault.code) ? fault : inputDrift(node, name);
}

function inputOf(digest: Digest, { inputs }: Ports["plan"]): string | undefined {
  return Object.entries(inputs).find(
    ([, input]) => isStored(input.type) && "digest" in input && input.digest === digest,
  )?.[0];
}

function isStored(type: string): boolean {
  return type === "file" || type === "directory";
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
  for (const [name, input] of Object.entries(plan.inputs)) {
    const used = (input.type === "file" || input.type === "directory") && given.includes(input.digest);
    if (used && !(await isWhole(input.digest, input.type === "directory", tenantId, artifacts))) {
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
    if (error instanceof StoreError && SPOILT.has(error.fault.code)) {
      return false;
    }
    throw error;
  }
}
