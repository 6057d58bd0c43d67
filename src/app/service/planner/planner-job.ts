import type { Digest } from "#canon/digest.ts";
import type { Json } from "#canon/json.ts";
import type { Result } from "#fault/result.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import type { Plan } from "#plan/plan.ts";
import type { InputSource } from "#plan/resolve-inputs.ts";
import type { RecompileRequest } from "#plan/recompile-plan.ts";
import type { FolderReader } from "#port/folder.ts";
import type { Simulation } from "#view/simulation.ts";
import type { InputFile } from "../../input-files.ts";
import type { DeclaredInputs } from "../../pack-inputs.ts";
import type { PlanRefusal } from "../../plan-refusal.ts";

/** A file or directory input of an order, laid out on this machine and digested where that keeps nobody waiting. */
export type StagedInput = {
  readonly path: string;
  readonly file?: Awaited<ReturnType<FolderReader["readFile"]>>;
  readonly tree?: Awaited<ReturnType<FolderReader["readTree"]>>;
};

/** A pack's folder, and the inputs of an order as its body has them. */
export type PlanOrder = {
  readonly folder: string;
  readonly inputs: Readonly<Record<string, Json>>;
  /** By the names of the inputs. */
  readonly staged: ReadonlyMap<string, StagedInput>;
};

/** What is compiled anew of a run, for the built-ins that this version has. */
export type StoredPlan = Omit<RecompileRequest, "builtIns" | "sha256" | "known">;

/** What a planner's thread does. Everything in it is plain data, which crosses into the thread as a copy. */
export type PlannerJob =
  | { readonly kind: "inputs"; readonly folder: string }
  | ({ readonly kind: "plan" } & PlanOrder)
  | ({ readonly kind: "simulation" } & PlanOrder)
  | { readonly kind: "pack"; readonly folder: string }
  | { readonly kind: "bundle"; readonly path: string }
  | { readonly kind: "recompilation"; readonly stored: StoredPlan };

/** A plan on its way out of the thread: its canonical bytes, and where it came from. */
export type SentPlan = {
  readonly bytes: Uint8Array;
  readonly planHash: Digest;
  readonly packFolder: string;
  readonly packListing: readonly FileEntry[];
  readonly inputFiles: readonly InputFile[];
  readonly sources: Readonly<Record<string, InputSource>>;
};

export type SentSimulation = {
  readonly planHash: Digest;
  readonly pack: Plan["pack"];
  readonly simulation: Simulation;
};

export type PackIdentity = { readonly name: string; readonly version: string; readonly packDigest: Digest };

/** What it answers, by the kind of the job. */
export type PlannerAnswers = {
  readonly inputs: Result<DeclaredInputs, PlanRefusal>;
  readonly plan: Result<SentPlan, PlanRefusal>;
  readonly simulation: Result<SentSimulation, PlanRefusal>;
  readonly pack: Result<PackIdentity, PlanRefusal>;
  /** Whether the pack in a bundle is one, and its SBOM names the tools of that. */
  readonly bundle: Result<void>;
  readonly recompilation: Result<Uint8Array>;
};

/** What the thread says: that it can be asked, an answer, or what was thrown, which is a bug. */
export type PlannerReply =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly answer: PlannerAnswers[keyof PlannerAnswers] }
  | { readonly kind: "thrown"; readonly error: unknown };
