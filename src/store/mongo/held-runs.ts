import { ok } from "#fault/result.ts";
import type { Clock } from "#port/clock.ts";
import type { HolderLife, Lease, LeaseStore, RunKey } from "#port/run-store.ts";
import type { Turns } from "#store/process/turns.ts";
import type { MongoPlace } from "./mongo-place.ts";
import type { RunProjections } from "./run-projections.ts";
import { isUnder, type RunTurns, type Turn } from "./run-turns.ts";

/** How often a turn that another took first is tried again. */
const TRIES = 8;

/** A lease that this store acquired: the last turn that it made or saw, and until when the lease lasts. */
type Held = { readonly key: RunKey; readonly turn: Turn; readonly until: number };

export type HoldingGround = {
  readonly place: MongoPlace;
  readonly turns: RunTurns;
  readonly projections: RunProjections;
  readonly clock: Clock;
  readonly owner: string;
  readonly lifeOf: (owner: string) => HolderLife;
  /** One thing at a time is done to a run by this process. */
  readonly queue: Turns;
};

/**
 * The leases of runs, as turns (`RunTurns`), and what this store knows of those that it holds: the holder of a lease knows
 * the last turn without asking, since nobody else makes one.
 * 1. A lease is acquired and given back by a turn each, so an append that is still on its way comes too late for either.
 * 2. A lease that bears this store's name and is not known to it was acquired or given back by a request whose answer
 *    was lost: it counts as free here.
 */
export class HeldRuns {
  readonly #ground: HoldingGround;
  readonly #held = new Map<string, Held>();

  constructor(ground: HoldingGround) {
    this.#ground = ground;
  }

  port(): LeaseStore {
    const { place, queue } = this.#ground;
    const alone = <T>(key: RunKey, work: () => Promise<T>): Promise<T> =>
      queue.take(key.runId, async () => place.use(work));
    return {
      acquire: (key, milliseconds) => alone(key, async () => this.#acquire(key, milliseconds)),
      renew: (key, lease, milliseconds) => alone(key, async () => this.#renew(key, lease, milliseconds)),
      release: (key, lease) => this.#giveBack(key, lease),
      current: (key) => place.use(async () => this.#current(key)),
    };
  }

  /** The last turn as its holder knows it; undefined when this lease is not held here. */
  known(key: RunKey, lease: Lease): Turn | undefined {
    const held = this.#held.get(key.runId);
    return held !== undefined && isUnder(held.turn, lease) ? held.turn : undefined;
  }

  /** The holder made this turn. Where the lease was not acquired by this store there is nothing to note. */
  note(key: RunKey, turn: Turn): void {
    const held = this.#held.get(key.runId);
    if (held !== undefined && held.turn.fence === turn.fence && held.turn.owner === turn.owner) {
      this.#held.set(key.runId, { ...held, turn });
    }
  }

  async releaseAll(): Promise<void> {
    for (const { key, turn, until } of this.#held.values()) {
      await this.#giveBack(key, { owner: turn.owner, fence: turn.fence, until });
    }
  }

  async #acquire(key: RunKey, milliseconds: number): Promise<Lease | undefined> {
    const { turns, clock, owner, projections } = this.#ground;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const last = await turns.last(key);
      if (last === undefined || (await this.#lease(key, last)) !== undefined) {
        return undefined;
      }
      const until = clock.now() + milliseconds;
      const turn = { ...last, turn: last.turn + 1, fence: last.fence + 1, owner, leaseTurn: last.turn + 1 };
      if (await turns.make(key, turn, { until })) {
        this.#held.set(key.runId, { key, turn, until });
        await projections.lease(key, { owner, fence: turn.fence, until });
        return { owner, fence: turn.fence, until };
      }
    }
    return undefined;
  }

  /** Undefined when the lease of this turn is live for nobody. */
  async #lease(key: RunKey, last: Turn): Promise<(Lease & { readonly life: HolderLife }) | undefined> {
    const { turns, clock, owner, lifeOf } = this.#ground;
    const { owner: holder, fence } = last;
    if (holder === "" || (holder === owner && this.#held.get(key.runId)?.turn.fence !== fence)) {
      return undefined;
    }
    const until = await turns.until(key, last);
    const life = lifeOf(holder);
    const isLive = life.state === "unknown" ? until > clock.now() : life.state !== "dead";
    return isLive ? { owner: holder, fence, until, life } : undefined;
  }

  async #current(key: RunKey): Promise<(Lease & { readonly life: HolderLife }) | undefined> {
    const last = await this.#ground.turns.last(key);
    return last === undefined ? undefined : this.#lease(key, last);
  }

  async #renew(key: RunKey, lease: Lease, milliseconds: number): Promise<Lease | undefined> {
    const { turns, clock, projections } = this.#ground;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = await turns.last(key);
      if (before === undefined || !isUnder(before, lease)) {
        this.#held.delete(key.runId);
        return undefined;
      }
      const end = await turns.until(key, before);
      const until = clock.now() + milliseconds;
      const turn = await this.#prolonged(key, before, end, until);
      if (turn !== undefined) {
        this.#held.set(key.runId, { key, turn, until });
        await projections.lease(key, { owner: turn.owner, fence: turn.fence, until });
        return { ...lease, until };
      }
    }
    return undefined;
  }

  /** Others see a lease as free once its end has come, so a new end counts only when it was written before the old one. */
  async #prolonged(key: RunKey, turn: Turn, end: number, until: number): Promise<Turn | undefined> {
    const { turns, clock } = this.#ground;
    if (end > clock.now()) {
      await turns.prolong(key, turn, until);
      if (end > clock.now()) {
        return turn;
      }
    }
    const next = { ...turn, turn: turn.turn + 1, leaseTurn: turn.turn + 1 };
    return (await turns.make(key, next, { until })) ? next : undefined;
  }

  async #giveBack(key: RunKey, lease: Lease): Promise<void> {
    const { place, queue } = this.#ground;
    // On a medium that fails the lease ends with its time, or with this process.
    await queue.take(key.runId, async () => place.attempt(async () => ok(await this.#release(key, lease))));
  }

  async #release(key: RunKey, lease: Lease): Promise<void> {
    const { turns, projections } = this.#ground;
    if (this.#held.get(key.runId)?.turn.fence === lease.fence) {
      this.#held.delete(key.runId);
    }
    for (let tries = 0; tries < TRIES; tries += 1) {
      const last = await turns.last(key);
      if (last === undefined || !isUnder(last, lease)) {
        return;
      }
      const turn = { ...last, turn: last.turn + 1, owner: "", leaseTurn: last.turn + 1 };
      if (await turns.make(key, turn, { until: 0 })) {
        await projections.lease(key, undefined);
        return;
      }
    }
  }
}
