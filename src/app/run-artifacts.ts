import { ok, type Result } from "#fault/result.ts";
import type { OutputRule, Plan } from "#plan/plan.ts";
import type { RunKey } from "#port/run-store.ts";
import { templateIdOf } from "#run/graph.ts";
import type { Digest } from "#canon/digest.ts";
import { storedPlan } from "./stored-plan.ts";
import type { Workplace } from "./workplace.ts";

/** What became of a declared file or folder at the end of an attempt. */
export type RunArtifact = {
  /** Names it within its run, also when a later attempt has another of the same name. */
  readonly id: string;
  readonly stepId: string;
  readonly attempt: number;
  readonly name: string;
  readonly type: "file" | "directory";
  readonly status: "captured" | "refused" | "missing";
  /** Where the step wrote it, in its working folder. */
  readonly path: string;
  readonly size?: number;
  readonly sha256?: string;
  readonly mediaType?: string;
  readonly notes?: string;
};

/** The artifacts of a run in ledger order, as `step.artifact` events name them. */
export async function runArtifacts(
  key: RunKey,
  workplace: Workplace,
): Promise<Result<readonly (RunArtifact & { readonly digest?: Digest })[]>> {
  const { ledger } = workplace.store;
  const identity = await ledger.identity(key);
  const plan = identity.ok ? await storedPlan(identity.value, workplace) : identity;
  if (!plan.ok) {
    return plan;
  }
  const rules = rulesOf(plan.value);
  const items: (RunArtifact & { readonly digest?: Digest })[] = [];
  for await (const { eventType, metadata, sequence, stepId = "", attempt = 1 } of ledger.read(key)) {
    if (eventType !== "step.artifact") {
      continue;
    }
    const { name, status, size, digest, mediaType, notes } = metadata;
    const rule = rules.get(templateIdOf(stepId))?.[name];
    const place = rule === undefined ? { type: "file", path: "" } : placeOf(rule);
    items.push({
      id: String(sequence),
      stepId,
      attempt,
      name,
      type: place.type === "directory" ? "directory" : "file",
      status,
      path: place.path,
      ...(size === undefined ? {} : { size }),
      ...(digest === undefined ? {} : { sha256: digest.slice("sha256:".length), digest }),
      ...(mediaType === undefined ? {} : { mediaType }),
      ...(notes === undefined ? {} : { notes }),
    });
  }
  return ok(items);
}

function rulesOf({ steps, finally: last }: Plan): ReadonlyMap<string, Readonly<Record<string, OutputRule>>> {
  return new Map(
    [...steps, ...last].flatMap((node) => (node.kind === "run" ? [[node.id, node.outputs] as const] : [])),
  );
}

function placeOf(rule: OutputRule): { readonly type: string; readonly path: string } {
  return "dir" in rule
    ? { type: "directory", path: rule.dir }
    : { type: "file", path: "file" in rule ? rule.file : "" };
}
