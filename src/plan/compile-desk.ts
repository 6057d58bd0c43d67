import type { Doubts } from "#pack/doubts.ts";
import type { BuiltInRules } from "./built-in-rule.ts";
import type { ExpressionReader } from "./expression-reader.ts";
import type { Sandbox } from "./plan.ts";
import type { LintSources } from "./lint-sources.ts";
import type { PlanFindings } from "./plan-findings.ts";
import type { Scopes } from "./step-scope.ts";

/** What compiling each step of one pack shares. */
export type CompileDesk = {
  readonly reader: ExpressionReader;
  readonly scopes: Scopes;
  readonly findings: PlanFindings;
  readonly builtIns: BuiltInRules;
  /** The pack's: that of every step without one of its own. */
  readonly sandbox: Sandbox;
  /** Bare hex SHA-256 of every file of the pack by path. */
  readonly packFiles: ReadonlyMap<string, string>;
  readonly sources: LintSources;
  readonly doubts: Doubts;
  /** True when the inputs may still get other values: then what depends on them alone counts as known in time. */
  readonly open: boolean;
};
