import type { Json } from "#canon/json.ts";
import type { Result } from "#fault/result.ts";
import type { InboxStore, RunKey } from "#port/run-store.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import type { Connection } from "./state-database.ts";

export type InboxGround = {
  readonly use: <T>(work: (connection: Connection) => T) => T;
  /** Runs work on a known run's part of the database, durably; RUN_UNKNOWN, STORE_FULL … otherwise. */
  readonly put: (key: RunKey, work: (connection: Connection) => void) => Promise<Result<void>>;
  readonly arrived: (key: RunKey) => void;
  readonly seen: (key: RunKey, place: number) => void;
};

/** Commands in the database. The id of one that is done stays, without its body: a late repetition is nothing new. */
export function inboxTable(ground: InboxGround): InboxStore {
  return {
    put: async (key, command) => {
      const put = await ground.put(key, (connection) => {
        connection.run(
          "INSERT OR IGNORE INTO inbox (tenant, run, command, kind, body) VALUES (?, ?, ?, ?, ?)",
          key.tenantId,
          key.runId,
          command.commandId,
          command.kind,
          JSON.stringify(command.body),
        );
      });
      if (put.ok) {
        ground.arrived(key);
      }
      return put;
    },
    pending: async (key) => {
      const rows = ground.use((connection) =>
        connection.rows(
          `SELECT place, command, kind, body FROM inbox WHERE tenant = ? AND run = ? AND body IS NOT NULL ORDER BY place`,
          key.tenantId,
          key.runId,
        ),
      );
      ground.seen(key, Number(rows.at(-1)?.["place"] ?? 0));
      return rows.map((row) => ({
        commandId: String(row["command"]),
        kind: String(row["kind"]) as InboxCommand["kind"],
        body: JSON.parse(String(row["body"])) as Json,
      }));
    },
    addressed: async () =>
      ground
        .use((connection) => connection.rows("SELECT DISTINCT tenant, run FROM inbox WHERE body IS NOT NULL"))
        .map((row) => ({
          tenantId: String(row["tenant"]) as RunKey["tenantId"],
          runId: String(row["run"]) as RunKey["runId"],
        })),
    done: async (key, commandIds) =>
      ground.use((connection) => {
        for (const commandId of commandIds) {
          const sql = "UPDATE inbox SET body = NULL WHERE tenant = ? AND run = ? AND command = ?";
          connection.run(sql, key.tenantId, key.runId, commandId);
        }
      }),
  };
}

/** The place of the last command that waits, 0 when none does. */
export function lastPlace(connection: Connection, key: RunKey): number {
  const sql = "SELECT max(place) AS place FROM inbox WHERE tenant = ? AND run = ? AND body IS NOT NULL";
  return Number(connection.rows(sql, key.tenantId, key.runId)[0]?.["place"] ?? 0);
}
