import { createHash } from "node:crypto";
import { digestOf, digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import { parseRunId, parseTenantId, parseTrustDomain } from "#canon/ids.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Cel, Plan, PlanNode, RunNode } from "#plan/plan.ts";
import type { Identity } from "#run/run-record.ts";

export const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** A step as tests write it: what is inside it, and what differs from a plain one. */
export type Sketch = {
  readonly kind: PlanNode["kind"];
  readonly name: string;
  readonly more: Readonly<Record<string, unknown>>;
  readonly inside: readonly Sketch[];
  readonly needs?: readonly string[];
};

type More = Readonly<Record<string, unknown>> & { readonly needs?: readonly string[] };

function sketch(kind: Sketch["kind"], name: string, inside: readonly Sketch[], all: More): Sketch {
  const { needs, ...more } = all;
  return { kind, name, inside, more, ...(needs === undefined ? {} : { needs }) };
}

export const run = (name: string, more: More = {}): Sketch => sketch("run", name, [], more);
export const parallel = (name: string, inside: readonly Sketch[], more: More = {}): Sketch =>
  sketch("parallel", name, inside, more);
export const map = (name: string, items: unknown, inside: readonly Sketch[], more: More = {}): Sketch =>
  sketch("map", name, inside, { items, as: "item", maxItems: Array.isArray(items) ? items.length : 10, ...more });
export const approval = (name: string, more: More = {}): Sketch =>
  sketch("gate.approval", name, [], { approval: "ok", ...more });
export const policy = (name: string, more: More = {}): Sketch =>
  sketch("gate.policy", name, [], { policy: "fine", failAction: "halt", ...more });
export const cel = (expr: string): Cel => ({ $cel: [{ expr }] });

const RUN_DEFAULTS: Partial<RunNode> = {
  command: ["true"],
  env: {},
  inputs: {},
  outputs: {},
  timeoutMs: 60_000,
  retry: { maxAttempts: 1, initialMs: 1000, factor: 2, maxMs: 60_000 },
  idempotent: false,
};

function flatten(siblings: readonly Sketch[], parent: string | null, prefix: string, inOrder: boolean): PlanNode[] {
  return siblings.flatMap((each, at) => {
    const id = prefix + each.name;
    const before = at === 0 ? [] : [prefix + (siblings[at - 1]?.name ?? "")];
    const needs = each.needs?.map((name) => prefix + name) ?? (inOrder ? before : []);
    const defaults = each.kind === "run" ? RUN_DEFAULTS : {};
    const node = { id, kind: each.kind, parent, needs, continueOnError: false, ...defaults, ...each.more };
    const below = each.kind === "map" ? `${id}[*]::` : prefix;
    return [node as unknown as PlanNode, ...flatten(each.inside, id, below, each.kind === "map")];
  });
}

export function planOf(
  steps: readonly Sketch[],
  more: { readonly finally?: readonly Sketch[] } & Partial<Omit<Plan, "steps" | "finally">> = {},
): Plan {
  const { finally: last = [], ...rest } = more;
  return {
    apiVersion: "packrun.dev/v1",
    kind: "Plan",
    planVersion: 1,
    pack: { name: "acme/sample", version: "1.0.0", digest: digestOfText("pack") },
    inputs: {},
    secrets: {},
    sandbox: {
      mode: "sealed",
      egressAllowlist: [],
      limits: { cpus: 1, memoryBytes: 1, pids: 1, logBytes: 1, artifactBytes: 1 },
    },
    security: { secretsRedactionPolicy: "blank" },
    approvals: {
      ok: { required: 2, from: ["approver"], ttlMs: 3_600_000, separationOfDuties: true, reasonRequired: false },
    },
    policies: { fine: { engine: "cel", expression: "true", digest: digestOfText("true") } },
    failurePolicy: { onFailure: "skip-dependents" },
    outputs: {},
    ...rest,
    steps: flatten(steps, null, "", true),
    finally: flatten(last, null, "", true),
  };
}

export function identityOf(plan: Plan): Identity {
  const runId = parseRunId("01890a5d-ac96-774b-bcce-b302099a8057");
  const tenantId = parseTenantId("default");
  const trustDomain = parseTrustDomain("development");
  if (runId === undefined || tenantId === undefined || trustDomain === undefined) {
    throw new Error("the sample identity has no valid form");
  }
  return { runId, tenantId, trustDomain, planHash: digestOf(canonicalBytes(plan), sha256) };
}

export function digestOfText(text: string): Digest {
  return digestOfJson(text, sha256);
}
