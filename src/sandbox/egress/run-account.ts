import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import { egressRuleFor } from "#run/egress-match.ts";
import type { EgressRule } from "#plan/plan.ts";
import type { Clock } from "#port/clock.ts";
import type { EgressScope } from "#port/egress.ts";
import type { LineStore, RunKey } from "#port/run-store.ts";
import { egressCodes } from "./codes.ts";
import { Meter, type Amount } from "./meter.ts";
import { QUOTA_FILE, QuotaFile, readReserved } from "./quota-file.ts";
import { lastSequence, RECORD_FILE, RecordFile } from "./record-file.ts";

const NONE: Amount = { requests: 0, bytes: 0 };

/** What all attempts of one run share: its quotas, and the record of what they tried. */
export class RunAccount {
  readonly #meters = new Map<string, Meter>();
  readonly #reserved: ReadonlyMap<string, Amount>;
  readonly #sessions = new Set<object>();
  readonly quotas: QuotaFile;
  readonly record: RecordFile;

  constructor(quotas: QuotaFile, record: RecordFile, reserved: ReadonlyMap<string, Amount>) {
    this.quotas = quotas;
    this.record = record;
    this.#reserved = reserved;
  }

  enter(session: object): void {
    this.#sessions.add(session);
  }

  /** The last one to leave gives back what is set aside and not used. Rejects with a `StoreError`. */
  async leave(session: object): Promise<void> {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) {
      await this.quotas.release(this.#meters.values());
    }
    await this.record.flush();
  }

  /**
   * Every quota that something to this host counts against: the run's, the step's own, and those of the rules. Rules and
   * quotas of a step that only repeat the run's are not counted twice. Without any quota nothing is allowed.
   */
  metersFor(scope: EgressScope, rule: EgressRule, host: string): readonly Meter[] {
    const { stepId, sandbox, egressQuota: runQuota = sandbox.egressQuota ?? NONE } = scope;
    const stepQuota = sandbox.egressQuota ?? NONE;
    const runRule = egressRuleFor(scope.egressAllowlist ?? sandbox.egressAllowlist, host, rule.port) ?? rule;
    const meters = [this.#meter("run", runQuota)];
    if (stepQuota.requests < runQuota.requests || stepQuota.bytes < runQuota.bytes) {
      meters.push(this.#meter(`step ${stepId}`, stepQuota));
    }
    if (limits(runRule)) {
      meters.push(this.#meter(`rule ${nameOf(runRule)}`, amountOf(runRule)));
    }
    if (limits(rule) && (nameOf(rule) !== nameOf(runRule) || isLower(amountOf(rule), amountOf(runRule)))) {
      meters.push(this.#meter(`step ${stepId} rule ${nameOf(rule)}`, amountOf(rule)));
    }
    return meters;
  }

  #meter(name: string, limit: Amount): Meter {
    const known = this.#meters.get(name);
    if (known !== undefined) {
      return known;
    }
    const meter = new Meter(name, limit, this.#reserved.get(name));
    this.#meters.set(name, meter);
    return meter;
  }
}

function amountOf({ maxRequests = Infinity, maxBytes = Infinity }: EgressRule): Amount {
  return { requests: maxRequests, bytes: maxBytes };
}

function limits({ maxRequests, maxBytes }: EgressRule): boolean {
  return maxRequests !== undefined || maxBytes !== undefined;
}

function isLower(a: Amount, b: Amount): boolean {
  return a.requests < b.requests || a.bytes < b.bytes;
}

function nameOf({ host, port }: EgressRule): string {
  return `${host}:${port}`;
}

/** Reads what earlier processes left of a run; a line that is none of ours is a fault, because quotas could not be kept. */
export async function openAccount(lines: LineStore, clock: Clock, key: RunKey): Promise<Result<RunAccount>> {
  const quotaFile = { lines, key, name: QUOTA_FILE };
  const recordFile = { lines, key, name: RECORD_FILE };
  try {
    const reserved = await readReserved(quotaFile);
    if (reserved === undefined) {
      return fail(faultOf(egressCodes, "EGRESS_RECORD", { problem: `a line of ${QUOTA_FILE} is not valid` }));
    }
    const sequence = await lastSequence(recordFile);
    return sequence === undefined
      ? fail(faultOf(egressCodes, "EGRESS_RECORD", { problem: `a line of ${RECORD_FILE} is not valid` }))
      : ok(new RunAccount(new QuotaFile(quotaFile), new RecordFile(recordFile, clock, sequence), reserved));
  } catch (error) {
    if (error instanceof StoreError) {
      return fail(error.fault);
    }
    throw error;
  }
}
