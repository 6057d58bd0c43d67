import t from "tap";
import { QueueBoard } from "#app/service/queue-board.ts";
import type { RunRow } from "#port/run-store.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { sampleRow, sampleRun } from "../../port/sample-run.ts";

const START = 1_767_600_000_000;

t.test("only rows that changed are read again, and now and then all of them", async (t) => {
  const rows = new Map<string, RunRow>();
  let now = START;
  let whole = 0;
  let read = 0;
  const index = {
    unfinished: async () => {
      whole += 1;
      return [...rows.values()];
    },
    changedSince: async (since: string) => {
      const changed = [...rows.values()].filter(({ updatedAt }) => updatedAt >= since);
      read += changed.length;
      return changed;
    },
  };
  const put = (n: number, status: RunRow["status"], at: number): void =>
    void rows.set(String(n), { ...sampleRow(sampleRun(n)), status, updatedAt: timestampOf(at) });
  for (let n = 1; n <= 500; n += 1) {
    put(n, "pending", START - 1_000_000 + n * 1000);
  }
  const board = new QueueBoard(index, () => now);
  t.equal((await board.rows()).length, 500);
  now += 500;
  put(1, "succeeded", now);
  put(501, "pending", now);
  t.equal((await board.rows()).length, 500, "one has ended and one is new");
  t.equal(whole, 1);
  t.ok(read < 15, `${read} rows were read for it`);
  now += 30_000;
  rows.delete("2");
  rows.delete("1");
  t.equal((await board.rows()).length, 499, "what is gone is gone by then");
  t.equal(whole, 2);
});
