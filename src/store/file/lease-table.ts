import { StoreError } from "#fault/store-error.ts";
import type { Clock } from "#port/clock.ts";
import type { HolderLife, Lease, LeaseStore, RunKey } from "#port/run-store.ts";
import type { Connection } from "./state-database.ts";

/** What the leases need of their store; all of it throws `StoreError` when the medium fails. */
export type LeaseGround = {
  readonly clock: Clock;
  readonly owner: string;
  readonly lifeOf: (owner: string) => HolderLife;
  readonly exists: (key: RunKey) => Promise<boolean>;
  readonly use: <T>(work: (connection: Connection) => T) => T;
  readonly locked: <T>(work: (connection: Connection) => T) => T;
  readonly durably: <T>(work: (connection: Connection) => T) => T;
  /** The highest fence in the ledger's `lease.acquired` events: the database may have been lost. */
  readonly lastFence: (key: RunKey) => Promise<number>;
  readonly released: (key: RunKey, lease: Lease) => Promise<void>;
};

/**
 * Leases in the database. The row of a run stays when its lease is given back, so that its fence never goes back.
 * A lease that has run out stays its holder's until another acquires it, which nobody can while the holder is seen to
 * live: nothing can have been written meanwhile.
 */
export function leaseTable(ground: LeaseGround): LeaseStore {
  const { clock, owner } = ground;
  /** Fences of leases that this store gave back on a medium that failed: their rows still bear its name. */
  const owed = new Set<string>();
  const isLive = (key: RunKey, lease: Lease): boolean => {
    if (lease.owner === "" || (lease.owner === owner && owed.has(nameOf(key, lease)))) {
      return false;
    }
    const { state } = ground.lifeOf(lease.owner);
    return state === "unknown" ? lease.until > clock.now() : state !== "dead";
  };
  return {
    acquire: async (key, milliseconds) => {
      if (!(await ground.exists(key))) {
        return undefined;
      }
      const least = ground.use((connection) => rowOf(connection, key)) === undefined ? await ground.lastFence(key) : 0;
      return ground.durably((connection) => {
        const row = rowOf(connection, key);
        if (row !== undefined && isLive(key, row)) {
          return undefined;
        }
        const lease = { owner, fence: Math.max(row?.fence ?? 0, least) + 1, until: clock.now() + milliseconds };
        connection.run(
          `INSERT INTO leases (tenant, run, owner, fence, until) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET owner = excluded.owner, fence = excluded.fence, until = excluded.until`,
          key.tenantId,
          key.runId,
          lease.owner,
          lease.fence,
          lease.until,
        );
        return lease;
      });
    },
    renew: async (key, lease, milliseconds) =>
      ground.locked((connection) => {
        const until = clock.now() + milliseconds;
        return change(connection, key, lease, { owner: lease.owner, until }) ? { ...lease, until } : undefined;
      }),
    release: async (key, lease) => {
      await ground.released(key, lease);
      try {
        ground.locked((connection) => change(connection, key, lease, { owner: "", until: 0 }));
      } catch (error) {
        // On a failing medium others see it as held until this process has ended.
        if (!(error instanceof StoreError)) {
          throw error;
        }
        owed.add(nameOf(key, lease));
      }
    },
    current: async (key) => {
      const row = ground.use((connection) => rowOf(connection, key));
      return row !== undefined && isLive(key, row) ? { ...row, life: ground.lifeOf(row.owner) } : undefined;
    },
  };
}

/** Whether this lease may still write: to be asked under the lock that the write is made under. */
export function holdsLease(connection: Connection, key: RunKey, lease: Lease): boolean {
  const sql = "SELECT 1 FROM leases WHERE tenant = ? AND run = ? AND owner = ? AND fence = ? AND owner <> ''";
  return connection.row(sql, key.tenantId, key.runId, lease.owner, lease.fence) !== undefined;
}

function nameOf({ tenantId, runId }: RunKey, { fence }: Lease): string {
  return `${tenantId}/${runId}/${fence}`;
}

function rowOf(connection: Connection, key: RunKey): Lease | undefined {
  const sql = "SELECT owner, fence, until FROM leases WHERE tenant = ? AND run = ?";
  const row = connection.row(sql, key.tenantId, key.runId);
  return row === undefined
    ? undefined
    : { owner: String(row["owner"]), fence: Number(row["fence"]), until: Number(row["until"]) };
}

/** False when the lease was lost. */
function change(connection: Connection, key: RunKey, lease: Lease, to: { owner: string; until: number }): boolean {
  const sql = `UPDATE leases SET owner = ?, until = ?
    WHERE tenant = ? AND run = ? AND owner = ? AND fence = ? AND owner <> ''`;
  return connection.run(sql, to.owner, to.until, key.tenantId, key.runId, lease.owner, lease.fence) === 1;
}
