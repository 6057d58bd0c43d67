import type { Digest } from "#canon/digest.ts";
import type { Clock } from "#port/clock.ts";
import type { Effect } from "#run/effect.ts";
import type { EventType, LedgerEvent } from "#run/event.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import type { RunState } from "#run/state.ts";

/** What a driver tells of its work to whoever looks into a run: what happened, never output, values or texts of people. */
export type TraceLine =
  | {
      readonly event: "run.event";
      readonly type: EventType;
      readonly stepId?: string;
      readonly attempt?: number;
      readonly sequence: number;
    }
  | { readonly event: "run.command"; readonly commandId: string; readonly kind: InboxCommand["kind"] }
  | {
      readonly event: "effect.started";
      readonly key: string;
      readonly kind: Effect["kind"];
      /** It had been started when the trace began: nobody knows for how long. */
      readonly already?: true;
    }
  | {
      readonly event: "effect.ended";
      readonly key: string;
      readonly kind: Effect["kind"];
      readonly durationMs?: number;
    }
  | { readonly event: "lease.renewed"; readonly fence: number; readonly until: number }
  | { readonly event: "snapshot.made"; readonly sequence: number; readonly manifestDigest: Digest }
  | { readonly event: "snapshot.failed"; readonly code: string }
  | { readonly event: "store.conflict"; readonly code: string };

/** Who is told; only while an incident of the run is open, unless `always`. */
export type TraceOption = { readonly always: boolean; readonly tell: (line: TraceLine) => void };

/** The trace of one shift. Where nobody is to be told it does nothing. */
export class DriveTrace {
  readonly #option: TraceOption | undefined;
  readonly #state: Pick<RunState, "incident">;
  readonly #clock: Pick<Clock, "monotonic">;
  /** Effects that were told to have started, with their kind and since when. */
  readonly #effects = new Map<string, { readonly kind: Effect["kind"]; readonly since?: number }>();
  /** Effects were looked at, and nobody was to be told. */
  #missed = false;

  constructor(option: TraceOption | undefined, state: Pick<RunState, "incident">, clock: Pick<Clock, "monotonic">) {
    this.#option = option;
    this.#state = state;
    this.#clock = clock;
  }

  tell(line: TraceLine): void {
    if (this.#isOn) {
      this.#option?.tell(line);
    }
  }

  /** Events that are in the ledger; the turn that closes the incident is the last. */
  written(events: readonly LedgerEvent[]): void {
    if (
      this.#option === undefined ||
      !(this.#isOn || events.some(({ eventType }) => eventType === "incident.closed"))
    ) {
      return;
    }
    for (const event of events) {
      const { eventType: type, stepId, attempt, sequence } = event;
      const where = { ...(stepId === undefined ? {} : { stepId }), ...(attempt === undefined ? {} : { attempt }) };
      this.#option.tell({ event: "run.event", type, ...where, sequence });
      if (event.eventType === "evidence.snapshot") {
        this.#option.tell({ event: "snapshot.made", sequence, manifestDigest: event.metadata.manifestDigest });
      }
    }
  }

  /** Everything that the run wants done now. */
  wanted(effects: readonly Effect[]): void {
    if (!this.#isOn) {
      this.#missed = this.#option !== undefined;
      this.#effects.clear();
      return;
    }
    const done = effects.filter(({ kind }) => kind !== "timer" && kind !== "upcoming");
    const listed = new Set(done.map(({ key }) => key));
    const now = this.#clock.monotonic();
    for (const [key, { kind, since }] of this.#effects) {
      if (!listed.has(key)) {
        this.#effects.delete(key);
        this.tell({
          event: "effect.ended",
          key,
          kind,
          ...(since === undefined ? {} : { durationMs: Math.round(now - since) }),
        });
      }
    }
    for (const { key, kind } of done.filter((effect) => !this.#effects.has(effect.key))) {
      this.#effects.set(key, this.#missed ? { kind } : { kind, since: now });
      this.tell({ event: "effect.started", key, kind, ...(this.#missed ? { already: true } : {}) });
    }
    this.#missed = false;
  }

  get #isOn(): boolean {
    return this.#option !== undefined && (this.#option.always || this.#state.incident !== undefined);
  }
}
