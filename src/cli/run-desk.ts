import type { ExportedRequest } from "#app/approval-export.ts";
import type { ImportedResponse } from "#app/approval-import.ts";
import type { WaitingGates } from "#app/approval-list.ts";
import type { IncidentOrder } from "#app/incident.ts";
import type { DecidedGate, GateDecision } from "#app/decide-gate.ts";
import type { ListedRun } from "#app/list-runs.ts";
import type { ReadState } from "#app/read-run.ts";
import type { RunAnswer } from "#app/run-answer.ts";
import type { RunId } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";
import type { ServerAccess } from "#client/server-access.ts";
import type { GlobalOptions } from "./cli.ts";
import type { LedgerEvent } from "./progress.ts";
import type { ServerOptions } from "./server-options.ts";

/** Where runs are seen and told what to do: the local store, or a server. Commands show what either says in the same way. */
export type RunDesk = {
  /** The server, if it is one. */
  readonly access?: ServerAccess;
  /** The run that a person names: a whole id, the beginning of exactly one, or `last`. */
  readonly find: (text: string) => Promise<Result<RunId>>;
  readonly list: (limit: number) => Promise<Result<readonly ListedRow[]>>;
  readonly show: (runId: RunId) => Promise<Result<ShownRun>>;
  /** Tells the events that are there; with `live`, then those that come, until the run is over. */
  readonly events: (runId: RunId, live: boolean, tell: (event: LedgerEvent) => void) => Promise<Result<void>>;
  readonly artifacts: (runId: RunId) => Promise<Result<readonly ShownArtifact[]>>;
  /** The ledger's own bytes, as text. */
  readonly ledger: (runId: RunId, tell: (text: string) => void) => Promise<Result<void>>;
  readonly cancel: (runId: RunId, reason: string | undefined) => Promise<Result<{ readonly status: string }>>;
  /** The whole run, for the views over it. */
  readonly fold: (runId: RunId) => ReadState;
  readonly approvals: () => Promise<Result<WaitingGates>>;
  /** Writes what somebody else needs to decide on an open gate: a folder, or an archive where `out` ends in `.tar`. */
  readonly request: (runId: RunId, gateId: string, out: string) => Promise<Result<ExportedRequest>>;
  /** Records a decision that was signed elsewhere with the run that it names. */
  readonly importResponse: (file: string) => Promise<Result<ImportedResponse>>;
  readonly incident: (runId: RunId, order: IncidentOrder) => Promise<Result<void>>;
  readonly snapshot: (runId: RunId) => Promise<Result<{ readonly manifestDigest: string }>>;
  readonly decide: (runId: RunId, given: GateDecision) => Promise<Result<DecidedGate & Driven>>;
};

/** A run in a list; what else an answer says of it is passed on in JSON. */
export type ListedRow = Pick<ListedRun, "runId" | "createdAt" | "packName" | "packVersion"> & {
  readonly status: string;
  readonly reason?: string | undefined;
  readonly driven?: boolean | undefined;
};

/** Whether somebody is at work on the run, or will be without being told. */
type Driven = { readonly driven: boolean };
type ShownRun = Driven & { readonly answer: RunAnswer };

/** What became of a declared file or folder at the end of an attempt. */
export type ShownArtifact = {
  readonly stepId: string | undefined;
  readonly attempt: number | undefined;
  readonly name: string;
  readonly status: "captured" | "refused" | "missing";
  readonly digest?: string;
  readonly size?: number;
  readonly mediaType?: string;
  readonly notes?: string;
};

export type DeskOptions = GlobalOptions & ServerOptions;
