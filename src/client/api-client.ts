import {
  type orderShape,
  packInputsShape,
  receivedPackShape,
  storedArtifactShape,
  submittedShape,
} from "#api/route/order-shapes.ts";
import type { incidentOrderShape } from "#api/route/incidents.ts";
import {
  artifactListShape,
  decidedShape,
  gateRequestShape,
  incidentShape,
  runListShape,
  runShape,
  runStatusShape,
  snapshotShape,
} from "#api/route/run-shapes.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { object, type Infer, type Shape } from "#canon/shape.ts";
import { ok, type Result } from "#fault/result.ts";
import type { LedgerEvent } from "#run/event.ts";
import { Exchange, type Ask, type AskBody, type Pause } from "./exchange.ts";
import { followRun, type Follow } from "./follow-run.ts";
import { readAnswer, readBytes } from "./read-answer.ts";
import { readEvents } from "./read-events.ts";
import type { ServerAccess } from "./server-access.ts";

export type Order = Infer<typeof orderShape>;
export type ServedRun = Infer<typeof runShape>;
export type ServedRuns = Infer<typeof runListShape>;
export type PackInputs = Infer<typeof packInputsShape>;

export type ListQuery = {
  readonly limit: number;
  readonly status?: ServedRun["status"];
  readonly cursor?: string | undefined;
};

export type IncidentChange = Infer<typeof incidentOrderShape>;
export type SentApproval = { readonly gateId: string; readonly planHash: string; readonly envelope: unknown };

/**
 * The HTTP API from the other side: the same shapes as its routes, one method an operation. All of them fail with the faults
 * of `Exchange`: those that the server tells of have the server's codes.
 */
export class ApiClient {
  readonly server: string;
  readonly #exchange: Exchange;

  constructor(access: ServerAccess, pause?: Pause) {
    this.#exchange = new Exchange(access, pause);
    this.server = this.#exchange.server;
  }

  listRuns(query: ListQuery): Promise<Result<ServedRuns>> {
    const { limit, status, cursor } = query;
    const asked = new URLSearchParams({
      limit: String(limit),
      ...(status === undefined ? {} : { status }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    return this.#get(`api/runs?${asked.toString()}`, runListShape);
  }

  readRun(runId: string): Promise<Result<ServedRun>> {
    return this.#get(`api/runs/${runId}`, runShape);
  }

  listArtifacts(runId: string): Promise<Result<Infer<typeof artifactListShape>>> {
    return this.#get(`api/runs/${runId}/artifacts`, artifactListShape);
  }

  async packInputs(name: string, version: string): Promise<Result<PackInputs>> {
    const path = `api/packs/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;
    const read = await this.#get(path, object({ inputs: packInputsShape }));
    return read.ok ? ok(read.value.inputs) : read;
  }

  /** The canonical plan of the run, as bytes. */
  async readPlan(runId: string): Promise<Result<Uint8Array>> {
    return this.#bytes(`api/runs/${runId}/plan`);
  }

  /** The events that there are now, but for what steps printed. */
  readEvents(runId: string, tell: (event: LedgerEvent) => void): Promise<Result<void>> {
    return readEvents(this.#exchange, runId, tell);
  }

  /** Every event of the run behind one, once and in order. */
  follow(follow: Follow): Promise<Result<void>> {
    return followRun(this.#exchange, follow);
  }

  /** `key` names the order: with the same one it is carried out once, however often it is sent. */
  submitRun(order: Order, key: string): Promise<Result<Infer<typeof submittedShape>>> {
    return this.#post("api/runs", { kind: "json", value: order }, submittedShape, {
      headers: { "Idempotency-Key": key },
      repeatable: true,
    });
  }

  cancelRun(runId: string, reason: string | undefined): Promise<Result<Infer<typeof runStatusShape>>> {
    const value = reason === undefined ? {} : { reason };
    return this.#post(`api/runs/${runId}/cancel`, { kind: "json", value }, runStatusShape, { repeatable: false });
  }

  resumeRun(runId: string): Promise<Result<Infer<typeof runStatusShape>>> {
    return this.#post(`api/runs/${runId}/resume`, { kind: "json", value: {} }, runStatusShape, { repeatable: true });
  }

  /** Sent twice it would be recorded twice. */
  changeIncident(runId: string, value: IncidentChange): Promise<Result<Infer<typeof incidentShape>>> {
    return this.#post(`api/runs/${runId}/incident`, { kind: "json", value }, incidentShape, { repeatable: false });
  }

  takeSnapshot(runId: string): Promise<Result<Infer<typeof snapshotShape>>> {
    return this.#post(`api/runs/${runId}/snapshot`, { kind: "json", value: {} }, snapshotShape, { repeatable: false });
  }

  /** The same envelope again is answered as it was. */
  approve(runId: string, value: SentApproval): Promise<Result<Infer<typeof decidedShape>>> {
    return this.#post(`api/runs/${runId}/approve`, { kind: "json", value }, decidedShape, { repeatable: true });
  }

  /** `open` gives the bytes, again where they have to be sent again. */
  putPack(
    open: () => AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<Result<Infer<typeof receivedPackShape>>> {
    const body = { kind: "bytes", mediaType: "application/x-tar", open } as const;
    return this.#post("api/packs", body, receivedPackShape, { repeatable: true, signal });
  }

  putArtifact(
    open: () => AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<Result<Infer<typeof storedArtifactShape>>> {
    const body = { kind: "bytes", mediaType: "application/octet-stream", open } as const;
    return this.#post("api/artifacts", body, storedArtifactShape, { repeatable: true, signal });
  }

  /** The evidence bundle of a run that is over, as a tar; or what a snapshot lists. */
  readEvidence(runId: string, snapshot?: string): Promise<Result<Response>> {
    const asked = snapshot === undefined ? "" : `?${new URLSearchParams({ snapshot }).toString()}`;
    return this.#open(`api/runs/${runId}/evidence${asked}`);
  }

  /** Who vouches for that bundle; undefined where nobody does. */
  async readAnchor(runId: string): Promise<Result<Uint8Array | undefined>> {
    const read = await this.#bytes(`api/runs/${runId}/evidence/anchor`);
    return !read.ok && read.fault.code === "ANCHOR_ABSENT" ? ok(undefined) : read;
  }

  /** The request that approvers are asked to sign, as its file has it. */
  async readGateRequest(runId: string, gateId: string): Promise<Result<Uint8Array>> {
    const path = `api/runs/${runId}/gates/${encodeURIComponent(gateId)}/request`;
    const read = await this.#get(path, gateRequestShape);
    return read.ok ? ok(canonicalBytes(read.value.request)) : read;
  }

  /** What the approvers of an open gate need, as a tar. */
  readGateArchive(runId: string, gateId: string): Promise<Result<Response>> {
    return this.#open(`api/runs/${runId}/gates/${encodeURIComponent(gateId)}/request.tar`);
  }

  async #get<T>(path: string, shape: Shape<T>): Promise<Result<T>> {
    return this.#read({ method: "GET", path, repeatable: true }, shape);
  }

  async #post<T>(
    path: string,
    body: AskBody,
    shape: Shape<T>,
    how: Pick<Ask, "headers" | "repeatable" | "signal">,
  ): Promise<Result<T>> {
    return this.#read({ method: "POST", path, body, ...how }, shape);
  }

  async #read<T>(ask: Ask, shape: Shape<T>): Promise<Result<T>> {
    return this.#exchange.answer(ask, (response) => readAnswer(response, shape, this.server));
  }

  #bytes(path: string): Promise<Result<Uint8Array>> {
    const ask = { method: "GET", path, repeatable: true } as const;
    return this.#exchange.answer(ask, (response) => readBytes(response, this.server));
  }

  #open(path: string): Promise<Result<Response>> {
    return this.#exchange.send({ method: "GET", path, headers: { Accept: "application/x-tar" }, repeatable: true });
  }
}
