import type { VerifySignature } from "#attest/public-key.ts";
import type { Sha256 } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import type { DriveOptions } from "#engine/drive-run.ts";
import type { AnchorSource } from "#port/anchor-source.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { Clock } from "#port/clock.ts";
import type { Egress } from "#port/egress.ts";
import type { AskPassword, Keyring } from "#port/keyring.ts";
import type { FolderReader } from "#port/folder.ts";
import type { InspectModule, PolicyEngine } from "#port/policy-engine.ts";
import type { RequestStore } from "#port/request-store.ts";
import type { RunStore } from "#port/run-store.ts";
import type { Redactor, SecretProvider, SecretReference } from "#port/secrets.ts";
import type { StepRunner } from "#port/step-runner.ts";
import type { BuiltIn } from "#step/built-in.ts";
import type { Result } from "#fault/result.ts";
import type { ProveAnchor } from "#trust/anchor-finding.ts";
import type { Chance } from "./chance.ts";
import type { Planner } from "./service/planner/planner.ts";
import type { Recompile } from "./service/planner/recompile-apart.ts";
import type { Settings } from "./settings.ts";

/** What the use cases work with: the settings of this command and the adapters that were picked for it. */
export type Workplace = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly sha256: Sha256;
  readonly folders: FolderReader;
  readonly store: RunStore;
  readonly artifacts: ArtifactStore;
  /** Requests that carry a key, for all servers over this store; whoever opens it closes it. */
  readonly requests: () => RequestStore;
  /** Decides policies; their modules are those of this tenant. */
  readonly policies: (tenantId: TenantId) => PolicyEngine;
  readonly inspectModule: InspectModule;
  readonly secrets: SecretProvider;
  /**
   * A redactor: with the run's key it writes `[redacted:NAME:8 hex digits]` in the place of secrets, without one
   * `[redacted:NAME]`.
   */
  readonly redactor: (key?: Uint8Array) => Redactor;
  /** A runner for one process that drives a run; whoever asks for it closes it. No step sees the files of these secrets. */
  readonly runner: (maxParallel: number, secrets?: Iterable<SecretReference>) => StepRunner;
  /** The door to the network, for steps and built-ins alike. */
  readonly egress: Egress;
  /** Makes a fresh folder that the steps' user can reach, for the files that steps see. */
  readonly workspace: () => Result<string>;
  readonly builtIns: ReadonlyMap<string, BuiltIn>;
  readonly keyring: Keyring;
  readonly verifySignature: VerifySignature;
  /** Who can be asked to vouch for evidence, and what proves it. */
  readonly anchors: { readonly source: AnchorSource; readonly prove: ProveAnchor };
  /** Password of an encrypted key: `PACKRUN_KEY_PASSWORD`, `COSIGN_PASSWORD`, else a prompt on a terminal. */
  readonly password: AskPassword;
  readonly engine: { readonly name: string; readonly version: string };
  /** Told of all that this process writes while it drives runs, also where it only records a command; nobody unless given. */
  readonly onWritten?: NonNullable<DriveOptions["onWritten"]>;
  /** Where a service plans packs; a command plans in its own thread. */
  readonly planner: Planner;
  /** Compiles the plan of a run anew elsewhere than in this thread. */
  readonly recompile?: Recompile;
};
