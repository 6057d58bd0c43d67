import { Binary } from "mongodb";
import { hexOf } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import type { Lease, RunIdentity, RunKey } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { change, inserted, type MongoPlace } from "./mongo-place.ts";
import type { RunFiles } from "./run-files.ts";
import type { Origin } from "./run-origins.ts";

/** Where a run's plan stands among its files. */
const PLAN = "plan.canonical.json";
const LOCK = "inputs.lock";
/** A plan that needs more than a document is only among its run's files. */
const LARGEST = 12 * 1024 * 1024;

/**
 * What other programs read of runs: `pack_runs`, `plans`, `pack_artifacts`, `pack_run_approvals`. All of it says again what the
 * ledgers and files of runs say, so nothing here is read to decide anything; a document that a crash left out is written when
 * the index is made anew.
 */
export class RunProjections {
  readonly #place: MongoPlace;
  readonly #files: RunFiles;

  constructor(place: MongoPlace, files: RunFiles) {
    this.#place = place;
    this.#files = files;
  }

  /** The run's own document, and its plan where nobody has stored it yet. */
  async created(identity: RunIdentity, files: ReadonlyMap<string, Uint8Array>, at: string): Promise<void> {
    const [planText, lockText] = [PLAN, LOCK].map((path) => decodeUtf8(files.get(path) ?? new Uint8Array(0)));
    const plan = objectIn(planText);
    const { runId, tenantId, trustDomain, planHash } = identity;
    const about = {
      tenantId,
      trustDomain,
      planHash,
      plan: { pack: plan["pack"], planVersion: plan["planVersion"] },
      failurePolicy: plan["failurePolicy"],
      requestedAt: at,
      steps: stepsOf(plan),
      ...(lockText === undefined || lockText === "" ? {} : { inputsLock: lockText }),
    };
    const runs = this.#place.collection("runs");
    const first = { status: "pending", createdAt: at, updatedAt: at };
    if (!(await inserted(runs, { _id: runId, ...first, ...about }))) {
      await runs.updateOne({ _id: runId }, change(about));
    }
    if (planText !== undefined && plan["planVersion"] !== undefined && planText.length < LARGEST) {
      await inserted(this.#place.collection("plans"), {
        _id: planHash,
        planVersion: plan["planVersion"],
        pack: plan["pack"],
        plan: planText,
      });
    }
  }

  /** Everything once more, from what is stored of the run. */
  async again(origin: Origin, events: AsyncIterable<LedgerEvent>): Promise<void> {
    const files = new Map<string, Uint8Array>();
    for (const path of [PLAN, LOCK]) {
      const file = await this.#files.get(origin, path);
      if (file.ok) {
        files.set(path, file.value);
      }
    }
    for await (const event of events) {
      if (event.sequence === 1) {
        await this.created(origin.identity, files, event.timestamp);
      }
      await this.appended(origin, [event]);
    }
  }

  /** Artifacts and decisions among events of the ledger. */
  async appended(origin: Origin, events: readonly LedgerEvent[]): Promise<void> {
    for (const event of events) {
      if (event.eventType === "step.artifact") {
        await this.#artifact(origin.identity, event);
      } else if (event.eventType === "step.succeeded") {
        await this.#trees(origin.identity, event);
      } else if (event.eventType === "gate.decision") {
        await this.#decision(origin, event);
      }
    }
  }

  /** The run's lease as it stands; undefined once it was given back. */
  async lease({ runId }: RunKey, lease: Lease | undefined): Promise<void> {
    const update = lease === undefined ? change({}, ["lease"]) : change({ lease });
    await this.#place.collection("runs").updateOne({ _id: runId }, update);
  }

  async #artifact(
    { runId, tenantId }: RunIdentity,
    { stepId, sequence, timestamp, metadata }: Extract<LedgerEvent, { eventType: "step.artifact" }>,
  ): Promise<void> {
    const { name, digest, size, mediaType, status, notes } = metadata;
    await inserted(this.#place.collection("artifacts"), {
      _id: `${runId}/${sequence}`,
      runId,
      tenantId,
      stepId,
      name,
      type: "file",
      status,
      capturedAt: timestamp,
      mediaType,
      notes,
      size,
      ...(digest === undefined ? {} : { sha256: hexOf(digest), storedPath: `${tenantId}/${digest}` }),
    });
  }

  /** Only the end of a step says which of its artifacts are folders. */
  async #trees(
    { runId }: RunIdentity,
    { stepId, metadata }: Extract<LedgerEvent, { eventType: "step.succeeded" }>,
  ): Promise<void> {
    for (const [name, value] of Object.entries(metadata.outputs)) {
      if (value.type === "directory") {
        const artifact = { runId, stepId, name };
        await this.#place.collection("artifacts").updateMany(artifact, change({ type: "dir" }));
      }
    }
  }

  /** Whoever decides again takes the decision before back. */
  async #decision(
    origin: Origin,
    { stepId: gateId, timestamp, sequence, metadata }: Extract<LedgerEvent, { eventType: "gate.decision" }>,
  ): Promise<void> {
    const { runId, tenantId, planHash } = origin.identity;
    const { principal, decision, payloadDigest } = metadata;
    const path = `approvals/${gateId}/responses/${hexOf(payloadDigest)}.sigstore.json`;
    const bundle = await this.#files.get(origin, path);
    const key = { runId, gateId, principal };
    const content = {
      tenantId,
      planHash,
      decision,
      payloadDigest,
      decidedAt: timestamp,
      sequence,
      ...(bundle.ok ? { bundle: new Binary(bundle.value) } : {}),
    };
    const approvals = this.#place.collection("approvals");
    if (!(await inserted(approvals, { _id: `${runId}/${sequence}`, ...key, ...content }))) {
      await approvals.updateOne({ ...key, sequence: { $lt: sequence } }, change(content));
    }
  }
}

function objectIn(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text ?? "") as unknown;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

function stepsOf({ steps, finally: last }: Readonly<Record<string, unknown>>): readonly unknown[] {
  const nodes = [steps, last].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  return nodes.filter(isJsonObject).map(({ id, kind }) => ({ id, kind }));
}
