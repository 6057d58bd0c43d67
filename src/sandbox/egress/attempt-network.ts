import type { OnReadOpts } from "node:net";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { faultOf } from "#fault/code-table.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { EgressRule } from "#plan/plan.ts";
import type { Clock } from "#port/clock.ts";
import type { EgressRecord, EgressScope } from "#port/egress.ts";
import type { EgressLine } from "#run/egress-line.ts";
import { egressMatcher, type EgressMatcher } from "#run/egress-match.ts";
import { egressCodes, type EgressCode } from "./codes.ts";
import { dial, type Reached, type Route } from "./dial.ts";
import { EgressTry, type Wanted } from "./egress-try.ts";
import { recordedHost } from "./recorded-host.ts";
import { HostPool } from "./host-pool.ts";
import { SpareDescriptors } from "./spare-descriptors.ts";
import type { RunAccount } from "./run-account.ts";
import type { UpstreamProxy } from "./upstream-proxy.ts";
import { vettedAddresses, type NamePorts } from "./vet-address.ts";

/** Connections of one attempt at once. */
export const MOST_AT_ONCE = 64;
/** Refused tries of one attempt that leave a line and an event each. */
const MOST_DENIALS = 1000;
const LOOKUP_MS = 10_000;
/** Characters of what a step wrote into the record: a host that cannot be read, a path. */
const LONGEST_TEXT = 512;

export type NetworkPorts = NamePorts & { readonly clock: Clock; readonly proxy?: UpstreamProxy };

/**
 * What one attempt may reach, and what it tried.
 * 1. A try is decided on at once: its rule, its place and its quota are taken before anything waits.
 * 2. Names are looked up only for what a rule allows. 3. Every try that began leaves a line when it ends.
 */
export class AttemptNetwork {
  readonly #ports: NetworkPorts;
  readonly #scope: EgressScope;
  readonly #account: RunAccount;
  readonly #user: object;
  readonly #ruleFor: EgressMatcher;
  readonly #live = new Set<EgressTry>();
  readonly #denied: EgressRecord["denied"][number][] = [];
  #denials = 0;
  #use = { requests: 0, bytesIn: 0, bytesOut: 0 };
  #isOver = false;
  readonly pool: HostPool;
  readonly spare = new SpareDescriptors();

  /** `user` has entered the account, and leaves it when this is closed. */
  constructor(ports: NetworkPorts, scope: EgressScope, { account, user }: { account: RunAccount; user: object }) {
    this.#ports = ports;
    this.#scope = scope;
    this.#account = account;
    this.#user = user;
    this.#ruleFor = egressMatcher(scope.sandbox.egressAllowlist);
    this.pool = new HostPool(ports.clock);
  }

  get clock(): Clock {
    return this.#ports.clock;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The protocol of the rule that would decide about a host. */
  protocolFor(host: string, port: number): EgressRule["protocol"] | undefined {
    return this.#ruleFor(host, port)?.protocol;
  }

  begin(wanted: Wanted): EgressTry {
    const { clock } = this.#ports;
    const { redactor } = this.#scope;
    const ports = { clock, redactor, quotas: this.#account.quotas, onEnd: (ended: EgressTry) => this.#record(ended) };
    const begun = new EgressTry(ports, wanted);
    this.#live.add(begun);
    return begun;
  }

  /** Decides about a try, takes its request of every quota, and finds where its host is. A refused one has ended. */
  async admit(attempt: EgressTry): Promise<Result<Route, Fault<EgressCode>>> {
    const { host, port, protocol } = attempt.wanted;
    const rule = this.#ruleFor(host, port);
    if (this.#isOver) {
      return fail(attempt.fail("EGRESS_ENDED"));
    }
    if (rule === undefined) {
      return fail(attempt.fail("EGRESS_DENIED"));
    }
    if (rule.protocol !== protocol) {
      return fail(attempt.fail("EGRESS_PROTOCOL", { protocol }));
    }
    if (this.#account.record.error !== undefined) {
      return fail(attempt.fail("EGRESS_RECORD", { problem: problemOf(this.#account.record.error) }));
    }
    if (this.#live.size > MOST_AT_ONCE) {
      return fail(attempt.fail("EGRESS_TOO_MANY", { limit: MOST_AT_ONCE }));
    }
    const meters = this.#account.metersFor(this.#scope, rule, host);
    if (meters.some(({ left }) => left.requests < 1)) {
      return fail(attempt.fail("EGRESS_QUOTA_REQUESTS"));
    }
    if (meters.some(({ left }) => left.bytes < 1)) {
      return fail(attempt.fail("EGRESS_QUOTA_BYTES"));
    }
    const charged = attempt.charge(meters);
    try {
      if (charged !== undefined) {
        await unlessCut(attempt, charged);
      }
    } catch (error) {
      return fail(attempt.fail("EGRESS_RECORD", { problem: problemOf(error) }));
    }
    return attempt.fault === undefined ? this.#route(attempt, rule) : fail(attempt.fail("EGRESS_ENDED"));
  }

  async dial(attempt: EgressTry, route: Route, onread?: OnReadOpts): Promise<Reached | undefined> {
    const reached = await dial(attempt, route, this.#ports.clock, onread);
    this.spare.leaveOne();
    return reached;
  }

  async #route(attempt: EgressTry, rule: EgressRule): Promise<Result<Route, Fault<EgressCode>>> {
    const { proxy, clock } = this.#ports;
    if (proxy !== undefined) {
      return ok({ kind: "proxy", proxy });
    }
    const { promise: late, resolve } = Promise.withResolvers<"EGRESS_TIMEOUT">();
    const stop = clock.after(LOOKUP_MS, () => resolve("EGRESS_TIMEOUT"));
    const found = await unlessCut(
      attempt,
      Promise.race([vettedAddresses(attempt.wanted.host, rule, this.#ports), late]),
    );
    stop();
    if (found === undefined || typeof found === "string") {
      return fail(attempt.fail(found ?? "EGRESS_ENDED"));
    }
    return attempt.fault === undefined
      ? ok({ kind: "addresses", addresses: found })
      : fail(attempt.fail("EGRESS_ENDED"));
  }

  /** Cuts everything, now; what is tried later is refused. */
  end(): void {
    this.#isOver = true;
    for (const live of this.#live) {
      live.cut("EGRESS_ENDED");
      live.end();
    }
    this.pool.end();
    this.spare.close();
  }

  /**
   * After `end`: everything is on the medium when it resolves, or the record says why not. Then it also shows a refused
   * try without a line, which no evidence can be verified with.
   */
  async close(): Promise<EgressRecord> {
    this.end();
    const more = this.#denials - MOST_DENIALS;
    if (more > 0) {
      const closing = faultOf(egressCodes, "EGRESS_DENIALS");
      const line = { protocol: "unknown", host: "*", port: 0, decision: "denied", reason: closing.code } as const;
      this.#write(this.clock.now(), { ...line, bytesIn: 0, bytesOut: 0, durationMs: 0, tries: more });
      this.#denied.push(this.#redacted(eventOf("*", 0, closing)));
    }
    const left = await this.#account.leave(this.#user);
    if (left.ok) {
      return { use: this.#use, denied: this.#denied };
    }
    const lost = faultOf(egressCodes, "EGRESS_RECORD", { problem: left.fault.message });
    return { use: this.#use, denied: [...this.#denied, eventOf("*", 0, lost)], fault: left.fault };
  }

  #record(ended: EgressTry): void {
    this.#live.delete(ended);
    const { bytesIn, bytesOut } = ended.use;
    this.#use = {
      // As the lines say it: what was refused after its request was taken from a quota is none that was made.
      requests: this.#use.requests + (ended.isDialled ? 1 : 0),
      bytesIn: this.#use.bytesIn + bytesIn,
      bytesOut: this.#use.bytesOut + bytesOut,
    };
    if (ended.isDialled) {
      const { host, port } = ended.wanted;
      const rule = this.#ruleFor(host, port);
      this.#write(ended.startedAt, ended.line(), rule && recordedHost(ended.wanted, rule, this.#scope.redactor));
      return;
    }
    this.#denials += 1;
    if (this.#denials <= MOST_DENIALS) {
      const line = ended.line();
      this.#write(ended.startedAt, line);
      const fault = ended.refuse("EGRESS_ENDED");
      this.#denied.push(shortened(this.#redacted(eventOf(line.host, line.port, fault))));
    }
  }

  #write(
    startedAt: number,
    line: Omit<EgressLine, "sequence" | "timestamp" | "stepId" | "attempt">,
    host?: string,
  ): void {
    const { stepId, attempt } = this.#scope;
    // Redacted whole, then shortened: a secret that is cut in two is not found.
    const redacted = this.#redacted(line);
    const said = shortened(host === undefined ? redacted : { ...redacted, host });
    this.#account.record.add({ ...said, timestamp: timestampOf(startedAt), stepId, attempt });
  }

  #redacted<T>(value: T): T {
    return this.#scope.redactor.redactJson(value);
  }
}

/** What is waited for, or undefined as soon as the try is cut: whoever ends it does not wait for names or disks. */
async function unlessCut<T>(attempt: EgressTry, work: Promise<T>): Promise<T | undefined> {
  const { promise: cut, resolve } = Promise.withResolvers<undefined>();
  const forget = attempt.onCut(() => resolve(undefined));
  try {
    return await Promise.race([work, cut]);
  } finally {
    forget();
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : "it failed";
}

function eventOf(host: string, port: number, { code, hint = "" }: Fault): EgressRecord["denied"][number] {
  return { host, port, reason: code, code, hint };
}

/** Strings in full up to a bound; a character that is cut in two is none. */
function shortened<T extends object>(value: T): T {
  const entries = Object.entries(value).map(([name, member]: [string, unknown]) => [
    name,
    typeof member === "string" && member.length > LONGEST_TEXT
      ? `${member.slice(0, LONGEST_TEXT).toWellFormed()}…`
      : member,
  ]);
  return Object.fromEntries(entries) as T;
}
