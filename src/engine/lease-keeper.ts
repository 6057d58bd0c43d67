import type { Clock } from "#port/clock.ts";
import type { Lease, LeaseStore, RunKey } from "#port/run-store.ts";

/** How long a lease lasts without being renewed, in milliseconds; it is renewed at a third of that. */
export const LEASE_MS = 15_000;

/**
 * Holds one lease and renews it until it is released.
 * 1. `lost` is called once, as soon as a renewal fails; `renewed` after each that does not.
 * 2. What is left of the lease is given back when the keeper is disposed of, after a failed renewal too: others see that
 *    this process lives, and would wait for it.
 */
export class LeaseKeeper implements AsyncDisposable {
  readonly #leases: LeaseStore;
  readonly #clock: Clock;
  readonly #key: RunKey;
  readonly #lost: () => void;
  readonly #renewed: (lease: Lease) => void;
  #lease: Lease;
  #stopTimer: () => void = () => undefined;
  #over = false;

  constructor(
    lease: Lease,
    key: RunKey,
    ports: { leases: LeaseStore; clock: Clock },
    lost: () => void,
    renewed: (lease: Lease) => void = () => undefined,
  ) {
    this.#lease = lease;
    this.#key = key;
    this.#leases = ports.leases;
    this.#clock = ports.clock;
    this.#lost = lost;
    this.#renewed = renewed;
    this.#renewLater();
  }

  get lease(): Lease {
    return this.#lease;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    this.#stopTimer();
    await this.#leases.release(this.#key, this.#lease);
  }

  #renewLater(): void {
    this.#stopTimer = this.#clock.after(LEASE_MS / 3, () => {
      this.#renew().catch(() => this.#lose());
    });
  }

  async #renew(): Promise<void> {
    const renewed = await this.#leases.renew(this.#key, this.#lease, LEASE_MS);
    if (this.#over) {
      return;
    }
    if (renewed === undefined) {
      this.#lose();
      return;
    }
    this.#lease = renewed;
    this.#renewed(renewed);
    this.#renewLater();
  }

  #lose(): void {
    if (!this.#over) {
      this.#over = true;
      this.#lost();
    }
  }
}
