import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { ok, type Result } from "#fault/result.ts";
import type { RunState } from "#run/state.ts";
import type { Value } from "#run/value.ts";
import { stageTree } from "#step/stage-tree.ts";
import type { Workplace } from "./workplace.ts";

/** Copies the outputs of a finished run's pack below `folder`: files and folders under their names, values as JSON. */
export async function copyOutputs(state: RunState, folder: string, workplace: Workplace): Promise<Result<void>> {
  await mkdir(folder, { recursive: true });
  for (const [name, value] of Object.entries(state.outputs ?? {})) {
    const copied = await copyValue(value, join(folder, name), state, workplace);
    if (!copied.ok) {
      return copied;
    }
  }
  return ok(undefined);
}

async function copyValue(value: Value, path: string, state: RunState, workplace: Workplace): Promise<Result<void>> {
  const { tenantId } = state.identity;
  if (value.type === "file") {
    return workplace.artifacts.stage(tenantId, value.digest, path, false);
  }
  if (value.type === "directory") {
    return stageTree(workplace.artifacts, tenantId, value.digest, path);
  }
  await writeFile(`${path}.json`, canonicalBytes(value.value));
  return ok(undefined);
}
