import { parseRunId, parseTenantId, parseTrustDomain } from "#canon/ids.ts";
import { array, digest, fits, integer, object, string, type Infer } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { RunIdentity, RunKey } from "#port/run-store.ts";
import type { MongoPlace, Stored } from "./mongo-place.ts";
import { turnId } from "./run-turns.ts";

/** How a run began: never changes. */
export type Origin = {
  readonly identity: RunIdentity;
  /** Names the files of this creation: those of one that came to nothing have another. */
  readonly birth: string;
  /** Its first events as lines, for as long as they are not in the ledger's own documents. */
  readonly first: readonly string[];
};

/** Runs whose origin is remembered. */
const REMEMBERED = 1000;

const originShape = object({
  _id: string(),
  turn: integer({ min: 0, max: 0 }),
  fence: integer({ min: 0, max: 0 }),
  leaseTurn: integer({ min: 0, max: 0 }),
  owner: string(),
  sequence: integer({ min: 0 }),
  hash: digest(),
  runId: string(),
  tenantId: string(),
  trustDomain: string(),
  planHash: digest(),
  birth: string({ min: 1 }),
  first: array(string()),
});

/** The origins of runs: their turns 0. */
export class RunOrigins {
  readonly #place: MongoPlace;
  readonly #known = new Map<string, Origin>();

  constructor(place: MongoPlace) {
    this.#place = place;
  }

  /** RUN_UNKNOWN for another tenant's run as well. */
  async of(key: RunKey): Promise<Result<Origin>> {
    const unknown = fail(faultOf(storeCodes, "RUN_UNKNOWN", { runId: key.runId, tenantId: key.tenantId }));
    if (parseRunId(key.runId) === undefined) {
      return unknown;
    }
    const known = this.#known.get(key.runId);
    if (known !== undefined) {
      return known.identity.tenantId === key.tenantId ? ok(known) : unknown;
    }
    const found = await this.#place.collection("turns").findOne({ _id: turnId(key, 0) });
    if (found === null) {
      return unknown;
    }
    const origin = originOf(found);
    if (origin.ok) {
      this.#remember(origin.value);
    }
    return origin.ok && origin.value.identity.tenantId !== key.tenantId ? unknown : origin;
  }

  /** Every run of every tenant, by id; faults of damaged documents stand beside them. */
  async all(): Promise<readonly Result<Origin>[]> {
    const found = await this.#place.collection("turns").find({ turn: 0 }).sort({ runId: 1 }).toArray();
    return found.map(originOf);
  }

  #remember(origin: Origin): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= REMEMBERED && oldest !== undefined) {
      this.#known.delete(oldest);
    }
    this.#known.set(origin.identity.runId, origin);
  }
}

function originOf(found: Stored): Result<Origin> {
  const corrupt = fail(
    faultOf(storeCodes, "STORE_CORRUPT", { file: `turn ${found._id}`, problem: "it does not name its run" }),
  );
  if (!fits(originShape, found)) {
    return corrupt;
  }
  const {
    runId: run,
    tenantId: tenant,
    trustDomain: domain,
    planHash,
    birth,
    first,
  }: Infer<typeof originShape> = found;
  const [runId, tenantId, trustDomain] = [parseRunId(run), parseTenantId(tenant), parseTrustDomain(domain)];
  return runId === undefined || tenantId === undefined || trustDomain === undefined || found._id !== `${runId}/0`
    ? corrupt
    : ok({ identity: { runId, tenantId, trustDomain, planHash }, birth, first });
}
