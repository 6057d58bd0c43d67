import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "#fault/store-error.ts";
import type { Clock } from "#port/clock.ts";
import type { RequestClaim, RequestKey, RequestStore } from "#port/request-store.ts";
import { mediumFault } from "./medium-fault.ts";

/** How long a process waits for another one's lock, in milliseconds. */
const LOCK_MS = 5000;

const TABLE = `
  CREATE TABLE IF NOT EXISTS requests (tenant TEXT, bearer TEXT, operation TEXT, key TEXT, content TEXT NOT NULL,
    claim TEXT NOT NULL, answer TEXT, until INTEGER NOT NULL, PRIMARY KEY (tenant, bearer, operation, key)) STRICT;
  CREATE INDEX IF NOT EXISTS requests_by_end ON requests (until)`;
const ONE = "tenant = ? AND bearer = ? AND operation = ? AND key = ?";

/** Requests in an SQLite file, for all processes of this host. Throws `StoreError`. */
export function fileRequestStore(path: string, clock: Pick<Clock, "now">): RequestStore {
  const database = onMedium(() => open(path));
  const named = ({ tenantId, bearer, operation, key }: RequestKey): [string, string, string, string] => [
    tenantId,
    bearer,
    operation,
    key,
  ];
  return {
    claim: async (key, content, milliseconds) =>
      onMedium(() =>
        exclusively(database, () => {
          const now = clock.now();
          database.prepare("DELETE FROM requests WHERE until <= ?").run(now);
          const row = database.prepare(`SELECT content, answer FROM requests WHERE ${ONE}`).get(...named(key));
          if (row !== undefined) {
            return standing(row, content);
          }
          const claim = randomUUID();
          database
            .prepare("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, NULL, ?)")
            .run(...named(key), content, claim, now + milliseconds);
          return { state: "claimed", claim };
        }),
      ),
    settle: async (key, claim, answer, keepMs) =>
      onMedium(() => {
        database
          .prepare(`UPDATE requests SET answer = ?, until = ? WHERE ${ONE} AND claim = ?`)
          .run(answer, clock.now() + keepMs, ...named(key), claim);
      }),
    release: async (key, claim) =>
      onMedium(() => {
        database
          .prepare(`DELETE FROM requests WHERE ${ONE} AND claim = ? AND answer IS NULL`)
          .run(...named(key), claim);
      }),
    close: async () => database.close(),
  };
}

function standing(row: Readonly<Record<string, unknown>>, content: string): RequestClaim {
  const { content: before, answer } = row;
  if (before !== content) {
    return { state: "other" };
  }
  return typeof answer === "string" ? { state: "answered", answer } : { state: "running" };
}

function open(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { timeout: LOCK_MS });
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${TABLE}`);
  return database;
}

function exclusively<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const done = work();
    database.exec("COMMIT");
    return done;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

function onMedium<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new StoreError(mediumFault(error));
  }
}
