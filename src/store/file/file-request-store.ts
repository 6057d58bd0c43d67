import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "#fault/store-error.ts";
import type { Clock } from "#port/clock.ts";
import type { RequestClaim, RequestKey, RequestOrder, RequestStore } from "#port/request-store.ts";
import { mediumFault } from "#fault/medium-fault.ts";
import { inTransaction } from "./transaction.ts";

/** How long a process waits for another one's lock, in milliseconds. */
const LOCK_MS = 5000;

const TABLE = `
  CREATE TABLE IF NOT EXISTS claims (tenant TEXT, bearer TEXT, operation TEXT, key TEXT, content TEXT NOT NULL,
    work TEXT NOT NULL, claim TEXT NOT NULL, held INTEGER NOT NULL, answer TEXT, until INTEGER NOT NULL,
    PRIMARY KEY (tenant, bearer, operation, key)) STRICT;
  CREATE INDEX IF NOT EXISTS claims_by_end ON claims (until)`;
const ONE = "tenant = ? AND bearer = ? AND operation = ? AND key = ?";

/** Requests in an SQLite file, for all processes of this host. Throws `StoreError`. */
export function fileRequestStore(path: string, clock: Pick<Clock, "now">): RequestStore {
  const onMedium = mediumOf(path);
  const database = onMedium(() => open(path));
  return {
    claim: async (key, order) =>
      onMedium(() =>
        inTransaction(
          (sql) => database.exec(sql),
          () => claim(database, key, order, clock.now()),
        ),
      ),
    settle: async (key, held, answer, keepMs) =>
      onMedium(() => {
        database
          .prepare(`UPDATE claims SET answer = ?, until = ? WHERE ${ONE} AND claim = ?`)
          .run(answer, clock.now() + keepMs, ...named(key), held);
      }),
    release: async (key, held) =>
      onMedium(() => {
        database.prepare(`DELETE FROM claims WHERE ${ONE} AND claim = ? AND answer IS NULL`).run(...named(key), held);
      }),
    close: async () => database.close(),
  };
}

function named({ tenantId, bearer, operation, key }: RequestKey): [string, string, string, string] {
  return [tenantId, bearer, operation, key];
}

function claim(database: DatabaseSync, key: RequestKey, order: RequestOrder, now: number): RequestClaim {
  database.prepare("DELETE FROM claims WHERE until <= ?").run(now);
  const row = database.prepare(`SELECT content, work, held, answer FROM claims WHERE ${ONE}`).get(...named(key));
  const mine = randomUUID();
  if (row === undefined) {
    const { content, work, claimMs, keepMs } = order;
    database
      .prepare("INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)")
      .run(...named(key), content, work, mine, now + claimMs, now + keepMs);
    return { state: "claimed", claim: mine, work };
  }
  const work = String(row["work"]);
  if (row["content"] !== order.content) {
    return { state: "other" };
  }
  if (typeof row["answer"] === "string") {
    return { state: "answered", answer: row["answer"] };
  }
  if (Number(row["held"]) > now) {
    return { state: "running", work };
  }
  database.prepare(`UPDATE claims SET claim = ?, held = ? WHERE ${ONE}`).run(mine, now + order.claimMs, ...named(key));
  return { state: "claimed", claim: mine, work };
}

function open(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { timeout: LOCK_MS });
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${TABLE}`);
  return database;
}

function mediumOf(path: string): <T>(work: () => T) => T {
  return (work) => {
    try {
      return work();
    } catch (error) {
      throw new StoreError(mediumFault(error, path));
    }
  };
}
