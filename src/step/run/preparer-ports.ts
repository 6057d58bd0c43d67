import type { Sha256 } from "#canon/digest.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import type { Plan } from "#plan/plan.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { Egress } from "#port/egress.ts";
import type { Redactor, SecretProvider, SecretReference } from "#port/secrets.ts";
import type { StepRunner } from "#port/step-runner.ts";
import type { BuiltIn } from "../built-in.ts";
import type { Workspace } from "./workspace.ts";

/** What attempts of one run are prepared with. */
export type PreparerPorts = {
  readonly runner: StepRunner;
  readonly workspace: Workspace;
  readonly artifacts: ArtifactStore;
  readonly artifactsPath: string;
  readonly secrets: SecretProvider;
  /** How each secret of the plan is obtained in this process. */
  readonly references: ReadonlyMap<string, SecretReference>;
  readonly redactor: Redactor;
  readonly plan: Plan;
  readonly packListing: readonly FileEntry[];
  readonly builtIns: ReadonlyMap<string, BuiltIn>;
  readonly egress: Egress;
  readonly sha256: Sha256;
};
