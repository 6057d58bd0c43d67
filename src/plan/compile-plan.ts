import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf, digestOfHex, type Digest, type Sha256 } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { sortDiagnostics, type Diagnostic } from "#fault/diagnostic.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { NO_DOUBTS, type Doubts } from "#pack/doubts.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import type { Pack } from "#pack/pack.ts";
import type { BuiltInRules } from "./built-in-rule.ts";
import { checkModules } from "./check-modules.ts";
import { checkPolicies } from "./check-policies.ts";
import type { CompileDesk } from "./compile-desk.ts";
import { compileNode } from "./compile-node.ts";
import { runOutputs } from "./compile-run.ts";
import { compileString } from "./compile-value.ts";
import { expressionReader } from "./expression-reader.ts";
import { knownValues } from "./known-values.ts";
import { NO_SOURCES, type LintSources } from "./lint-sources.ts";
import { packTree, type PackTree } from "./pack-tree.ts";
import type { Plan, PlanInput, PlanNode, Policy } from "./plan.ts";
import { planFindings } from "./plan-findings.ts";
import { stepOrder } from "./step-order.ts";
import { stepScopes } from "./step-scope.ts";

export type CompiledPlan = {
  readonly plan: Plan;
  /** RFC 8785 bytes: what `plan.canonical.json` holds, without a final newline. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes. */
  readonly planHash: Digest;
};

export type CompileRequest = {
  readonly pack: Pack;
  readonly packDigest: Digest;
  /** Every file of the pack: what the pack digest is taken over. */
  readonly packFiles: readonly FileEntry[];
  /** Inputs that have a value, by name. */
  readonly inputs: Readonly<Record<string, PlanInput>>;
  readonly builtIns: BuiltInRules;
  /** What files of the pack hold; absent where the pack was looked into before. */
  readonly sources?: LintSources;
  readonly sha256: Sha256;
};

export type LintRequest = CompileRequest & {
  /** What is wrong with the pack, of which `pack` is the rest. */
  readonly doubts?: Doubts;
  /** Inputs whose value is not known, whatever `inputs` has; those that have none there, unless said otherwise. */
  readonly isUnknown?: (name: string) => boolean;
};

/**
 * Compiles a pack and its inputs into the canonical plan, or says all that is wrong with its expressions. Nothing but
 * the arguments has an influence on the bytes, and the order of members in the pack has none. Costs time linear in the
 * size of the pack.
 */
export function compilePlan(request: CompileRequest): Result<CompiledPlan, readonly Diagnostic[]> {
  const { tree, nodes, outputs, diagnostics } = compile(request);
  if (diagnostics.length > 0) {
    return fail(diagnostics);
  }
  const plan = planOf(request, tree, nodes, outputs);
  const bytes = canonicalBytes(plan);
  return ok({ plan, bytes, planHash: digestOf(bytes, request.sha256) });
}

/**
 * What is wrong with a pack whatever its unknown inputs will be, and whatever stands in the parts that are in doubt;
 * `inputs` are those that have a value or a default.
 */
export function lintPlan({ isUnknown, ...request }: LintRequest): readonly Diagnostic[] {
  return compile(request, isUnknown ?? ((name) => !Object.hasOwn(request.inputs, name))).diagnostics;
}

type Compilation = {
  readonly tree: PackTree;
  readonly nodes: readonly PlanNode[];
  readonly outputs: Plan["outputs"];
  readonly diagnostics: readonly Diagnostic[];
};

function compile(request: Omit<LintRequest, "isUnknown">, unknown?: (name: string) => boolean): Compilation {
  const { pack, packFiles, builtIns, inputs, sources = NO_SOURCES, doubts = NO_DOUBTS } = request;
  const tree = packTree(pack);
  const findings = planFindings(pack.source);
  const scopes = stepScopes({
    pack,
    tree,
    order: stepOrder(doubts),
    doubts,
    outputsOf: ({ step }) => (step.kind === "run" ? runOutputs(step, { builtIns }) : {}),
    nearest: findings.nearest,
  });
  const reader = expressionReader({ scopes, findings, known: knownValues(pack, inputs, { doubts, unknown }), doubts });
  const files = new Map(packFiles.map(({ path, sha256 }) => [path, sha256]));
  const { sandbox } = pack.spec;
  const open = unknown !== undefined;
  const desk: CompileDesk = { reader, scopes, findings, builtIns, sandbox, packFiles: files, sources, doubts, open };
  const nodes = tree.nodes.map((node) => compileNode(node, desk));
  checkPolicies(pack, tree, desk);
  checkModules(pack, desk);
  const outputs = outputsOf(pack, desk);
  return { tree, nodes, outputs, diagnostics: sortDiagnostics(findings.all()) };
}

function planOf(request: CompileRequest, tree: PackTree, nodes: readonly PlanNode[], outputs: Plan["outputs"]): Plan {
  const { pack, packDigest, inputs } = request;
  const { spec } = pack;
  const main = tree.nodes.filter(({ section }) => section === "steps").length;
  return {
    apiVersion: "packrun.dev/v1",
    kind: "Plan",
    planVersion: 1,
    pack: { name: pack.name, version: pack.version, digest: packDigest },
    inputs,
    secrets: secretUse(pack, nodes),
    sandbox: spec.sandbox,
    security: spec.security,
    ...(spec.slo === undefined ? {} : { slo: spec.slo }),
    approvals: spec.approvals,
    policies: policiesOf(request),
    failurePolicy: spec.failurePolicy,
    steps: nodes.slice(0, main),
    finally: nodes.slice(main),
    outputs,
  };
}

function secretUse({ spec }: Pack, nodes: readonly PlanNode[]): Plan["secrets"] {
  const steps = new Map(Object.keys(spec.secrets).map((name) => [name, new Set<string>()]));
  for (const node of nodes) {
    for (const value of node.kind === "run" ? Object.values(node.env) : []) {
      if (typeof value === "object" && "secret" in value) {
        steps.get(value.secret)?.add(node.id);
      }
    }
  }
  return Object.fromEntries([...steps].map(([name, ids]) => [name, { steps: [...ids] }]));
}

function policiesOf({ pack, packFiles, sha256 }: CompileRequest): Plan["policies"] {
  const modules = new Map(packFiles.map((file) => [file.path, file.sha256]));
  const policies = Object.entries(pack.spec.policies).map(([id, policy]): [string, Policy] => {
    if (policy.engine === "cel") {
      const { engine, expression } = policy;
      return [id, { engine, expression, digest: digestOf(encodeUtf8(expression), sha256) }];
    }
    const hex = modules.get(policy.module);
    if (hex === undefined) {
      throw new Error(`a pack was read without its policy module ${policy.module}`);
    }
    return [id, { ...policy, digest: digestOfHex(hex) }];
  });
  return Object.fromEntries(policies);
}

function outputsOf({ spec }: Pack, desk: CompileDesk): Plan["outputs"] {
  return Object.fromEntries(
    Object.entries(spec.outputs).map(([name, { from }]) => {
      const place = { path: () => ["spec", "outputs", name, "from"], viewer: "end" } as const;
      return [name, { from: compileString(from, "any", place, desk.reader).value }];
    }),
  );
}
