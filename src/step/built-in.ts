import type { TenantId } from "#canon/ids.ts";
import type { Json } from "#canon/json.ts";
import type { Result } from "#fault/result.ts";
import type { BuiltInRule } from "#plan/built-in-rule.ts";
import type { Sandbox } from "#plan/plan.ts";
import type { ArtifactStore, StoredArtifact } from "#port/artifact-store.ts";
import type { EgressSession } from "#port/egress.ts";
import type { FolderReading } from "#port/folder.ts";
import type { Redactor } from "#port/secrets.ts";
import type { AttemptOutcome } from "#run/outcome.ts";

export type TreeListing = FolderReading["listing"];

/** A file of the pack's stored copy. */
export type PackFile = {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly size: number;
  /** Bare lower-case hex. */
  readonly sha256: string;
};

/** One attempt of a `uses` step: every expression in `with` is resolved. */
export type BuiltInRequest = {
  readonly with: Json;
  /** A file of the pack by its manifest path (no `./` in front). */
  readonly packFile: (path: string) => Promise<Result<PackFile>>;
  /** The pack manifest. */
  readonly packListing: TreeListing;
  readonly artifacts: ArtifactStore;
  readonly tenantId: TenantId;
  /** Absolute host path of `ArtifactsPath`: built-ins stage nowhere else. */
  readonly artifactsPath: string;
  /** The step's: its limits and egress rules bind the runner here as they bind a command. */
  readonly sandbox: Sandbox;
  /** The network of this attempt, the same one at every call; closed, and reported, when the attempt has ended. */
  readonly egress: () => Promise<Result<EgressSession>>;
  /** Ends the attempt; its outcome is then `cancelled`. */
  readonly signal: AbortSignal;
  readonly redactor: Redactor;
};

/** A file that a built-in put into the artifact store, under the name of one of its outputs. */
export type Produced = StoredArtifact & { readonly name: string; readonly mediaType?: string };

/**
 * A step that the runner itself carries out. It touches only artifacts and the network of its attempt, and starts no
 * process.
 * 1. `execute` never throws on what a pack or a run gives it.
 * 2. The same `with` over the same bytes gives the same outputs; executing twice is executing once.
 */
export type BuiltIn = BuiltInRule & {
  /** What `uses` names. */
  readonly name: string;
  readonly execute: (request: BuiltInRequest) => Promise<AttemptOutcome>;
};
