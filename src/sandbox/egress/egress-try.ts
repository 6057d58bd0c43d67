import { faultOf } from "#fault/code-table.ts";
import type { Fault, FaultData } from "#fault/fault.ts";
import type { Clock } from "#port/clock.ts";
import type { Redactor } from "#port/secrets.ts";
import type { EgressLine } from "#run/egress-line.ts";
import { egressCodes, type EgressCode } from "./codes.ts";
import type { Meter } from "./meter.ts";
import type { QuotaFile } from "./quota-file.ts";
import { saidHost, saidPath } from "./recorded-host.ts";
import { hostPortText, type WrittenHost } from "./target.ts";

/** Nothing moved in either direction for this long. */
const IDLE_MS = 120_000;

/** What was tried. A host that could not be read stands as it was written, with port 0. */
export type Wanted = WrittenHost & {
  readonly protocol: EgressLine["protocol"];
  readonly method?: string;
  readonly path?: string;
};

/** How many bytes may pass; when `ready` is there, only after it has resolved. It rejects with a `StoreError`. */
type Taken = { readonly allowed: number; readonly ready: Promise<void> | undefined };

type TryPorts = {
  readonly clock: Clock;
  readonly quotas: QuotaFile;
  readonly redactor: Redactor;
  /** Called once, when nothing of the try is under way any more. */
  readonly onEnd: (ended: EgressTry) => void;
};

/**
 * One connection or request that something wanted.
 * 1. It was allowed exactly when an address was dialled for it; otherwise it was denied, for a reason.
 * 2. The first reason stands; after it, no more bytes pass. 3. It ends once, and then nothing of it is counted any more.
 */
export class EgressTry {
  readonly wanted: Wanted;
  readonly startedAt: number;
  readonly #ports: TryPorts;
  readonly #began: number;
  readonly #cutters = new Set<() => void>();
  #meters: readonly Meter[] = [];
  #bytesIn = 0;
  #bytesOut = 0;
  #dialled: { readonly address: string | undefined } | undefined;
  #fault: Fault<EgressCode> | undefined;
  #ended = false;
  #lastMove = 0;
  #stopWatch: (() => void) | undefined;
  status: number | undefined;

  constructor(ports: TryPorts, wanted: Wanted) {
    this.#ports = ports;
    this.wanted = wanted;
    this.startedAt = ports.clock.now();
    this.#began = ports.clock.monotonic();
  }

  /** For people, without secrets: a host that nobody could read is told as such. */
  get target(): string {
    const { host, port } = this.wanted;
    const said = this.#saidHost;
    if (said !== host) {
      return port === 0 ? said : `${said}:${port}`;
    }
    return host === "" ? "an unknown host" : port === 0 ? host : hostPortText(this.wanted);
  }

  /** Why it was refused or cut off. */
  get fault(): Fault<EgressCode> | undefined {
    return this.#fault;
  }

  get isDialled(): boolean {
    return this.#dialled !== undefined;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  get use(): { readonly bytesIn: number; readonly bytesOut: number } {
    return { bytesIn: this.#bytesIn, bytesOut: this.#bytesOut };
  }

  /** Takes one request of every quota; the caller has seen that there is one. Resolves when it is set aside. */
  charge(meters: readonly Meter[]): Promise<void> | undefined {
    this.#meters = meters;
    for (const meter of meters) {
      meter.take({ requests: 1, bytes: 0 });
    }
    return this.#ports.quotas.cover(meters);
  }

  /**
   * From here on it is allowed. Without an address, an upstream proxy looks the name up. The returned function takes it
   * back, for an address that could not be dialled at all.
   */
  dial(address: string | undefined): () => void {
    const before = this.#dialled;
    if (before === undefined && this.#stopWatch === undefined) {
      this.#lastMove = this.#ports.clock.monotonic();
      this.#watch(IDLE_MS);
    }
    this.#dialled = { address };
    return () => {
      this.#dialled = before;
    };
  }

  /** Takes bytes of every quota, before anything waits. Fewer than were asked means that the connection has to be cut. */
  take(direction: "in" | "out", bytes: number): Taken {
    this.#lastMove = this.#ports.clock.monotonic();
    if (this.#fault !== undefined || this.#ended) {
      return { allowed: 0, ready: undefined };
    }
    const allowed = this.#meters.reduce((least, meter) => Math.min(least, meter.left.bytes), bytes);
    for (const meter of this.#meters) {
      meter.take({ requests: 0, bytes: allowed });
    }
    if (direction === "in") {
      this.#bytesIn += allowed;
    } else {
      this.#bytesOut += allowed;
    }
    if (allowed < bytes) {
      this.refuse("EGRESS_QUOTA_BYTES");
    }
    return { allowed, ready: this.#ports.quotas.cover(this.#meters) };
  }

  /** Called when it is cut; the returned function takes it back. A try that was cut before is cut at once. */
  onCut(cutter: () => void): () => void {
    if (this.#ended) {
      cutter();
    } else {
      this.#cutters.add(cutter);
    }
    return () => void this.#cutters.delete(cutter);
  }

  /** Gives it a reason, unless it has one. `more.hint` replaces that of the code. */
  refuse(code: EgressCode, data: FaultData = {}, more: { readonly hint?: string } = {}): Fault<EgressCode> {
    this.#fault ??= faultOf(egressCodes, code, { target: this.target, ...data }, more);
    return this.#fault;
  }

  /** Ends whatever is open for it. */
  cut(code: EgressCode, data: FaultData = {}): void {
    this.refuse(code, data);
    for (const cutter of this.#cutters) {
      cutter();
    }
  }

  /** Refuses it for good: nothing was opened for it, or nothing is open any more. */
  fail(code: EgressCode, data: FaultData = {}): Fault<EgressCode> {
    const fault = this.refuse(code, data);
    this.end();
    return fault;
  }

  end(): void {
    if (this.#ended) {
      return;
    }
    if (!this.isDialled) {
      this.refuse("EGRESS_ENDED");
    }
    this.#ended = true;
    this.#stopWatch?.();
    this.#cutters.clear();
    this.#ports.onEnd(this);
  }

  /** What stands in the record but for the sequence, and for whom it was. Of it host and path are redacted. */
  line(): Omit<EgressLine, "sequence" | "timestamp" | "stepId" | "attempt"> {
    const { protocol, port, method, path } = this.wanted;
    const address = this.#dialled?.address;
    return {
      protocol,
      host: this.#saidHost,
      port,
      decision: this.isDialled ? "allowed" : "denied",
      ...this.use,
      durationMs: Math.max(0, Math.round(this.#ports.clock.monotonic() - this.#began)),
      ...(address === undefined ? {} : { address }),
      ...(this.#fault === undefined ? {} : { reason: this.#fault.code }),
      ...(method === undefined ? {} : { method }),
      ...(path === undefined ? {} : { path: saidPath(path, this.#ports.redactor) }),
      ...(this.status === undefined ? {} : { status: this.status }),
    };
  }

  get #saidHost(): string {
    return saidHost(this.wanted, this.#ports.redactor);
  }

  /** One timer, whatever moves: it looks how long ago the last move was. */
  #watch(milliseconds: number): void {
    this.#stopWatch = this.#ports.clock.after(milliseconds, () => {
      const left = this.#lastMove + IDLE_MS - this.#ports.clock.monotonic();
      if (left > 0) {
        this.#watch(left);
      } else {
        this.cut("EGRESS_TIMEOUT");
      }
    });
  }
}
