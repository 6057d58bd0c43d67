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
import { LineFile } from "./line-file.ts";
import { QUOTA_FILE, QuotaFile, readReserved } from "./quota-file.ts";
import { lastSequence, RECORD_FILE, RecordFile } from "./record-file.ts";

const NONE: Amount = { requests: 0, bytes: 0 };

/** What all attempts of one run share: its quotas, and the record of what they tried. */
export class RunAccount {
  readonly #meters = new Map<string, Meter>();
  readonly #files: readonly LineFile[];
  readonly #reserved: ReadonlyMap<string, Amount>;
  readonly #users = new Set<object>();
  readonly quotas: QuotaFile;
  readonly record: RecordFile;

  constructor(
    clock: Clock,
    files: { readonly quota: LineFile; readonly record: LineFile },
    read: { readonly reserved: ReadonlyMap<string, Amount>; readonly sequence: number },
  ) {
    this.#files = [files.quota, files.record];
    this.#reserved = read.reserved;
    this.quotas = new QuotaFile(files.quota);
    this.record = new RecordFile(files.record, clock, read.sequence);
  }

  enter(user: object): void {
    this.#users.add(user);
  }

  get isInUse(): boolean {
    return this.#users.size > 0;
  }

  /** The last one to leave gives back what is set aside and not used. The fault is that of the store. */
  async leave(user: object): Promise<Result<void>> {
    this.#users.delete(user);
    // Each is tried, whatever became of the other.
    const given = this.isInUse ? ok(undefined) : await settled(this.quotas.release(this.#meters.values()));
    const kept = await settled(this.record.flush());
    return kept.ok ? given : kept;
  }

  /** What became of its files since it was last used: another process may have had the run meanwhile. */
  async sinceThen(): Promise<"same" | "grown" | "shrunk"> {
    const found = await Promise.all(this.#files.map(async (file) => file.sinceThen()));
    return found.includes("shrunk") ? "shrunk" : found.includes("grown") ? "grown" : "same";
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
  const quota = new LineFile(lines, key, QUOTA_FILE);
  const record = new LineFile(lines, key, RECORD_FILE);
  return reading(async () => {
    const reserved = await readReserved(quota);
    if (reserved === undefined) {
      return notKept(`a line of ${QUOTA_FILE} is not valid`);
    }
    const sequence = await lastSequence(record);
    return sequence === undefined
      ? notKept(`a line of ${RECORD_FILE} is not valid`)
      : ok(new RunAccount(clock, { quota, record }, { reserved, sequence }));
  });
}

/**
 * The account as it is now: the same one while somebody uses it, or when nobody wrote since; else it is read again. Lines
 * that are gone are a fault: what they set aside would be given out twice.
 */
export async function reopenAccount(
  account: RunAccount,
  open: () => Promise<Result<RunAccount>>,
): Promise<Result<RunAccount>> {
  if (account.isInUse) {
    return ok(account);
  }
  return reading(async () => {
    const since = await account.sinceThen();
    if (account.record.error !== undefined) {
      // Lines of an attempt that has ended are lost, and it said so.
      return open();
    }
    switch (since) {
      case "same":
        return ok(account);
      case "grown":
        return open();
      case "shrunk":
        return notKept(`lines of ${QUOTA_FILE} or ${RECORD_FILE} are gone`);
    }
  });
}

function notKept(problem: string): Result<never> {
  return fail(faultOf(egressCodes, "EGRESS_RECORD", { problem }));
}

async function reading<T>(work: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError) {
      return fail(error.fault);
    }
    throw error;
  }
}

/** Whatever it throws is a fault: an attempt ends in any case. */
async function settled(work: Promise<void>): Promise<Result<void>> {
  try {
    return ok(await work);
  } catch (error) {
    return error instanceof StoreError
      ? fail(error.fault)
      : notKept(error instanceof Error ? error.message : "it failed");
  }
}
