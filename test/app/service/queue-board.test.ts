import t from "tap";
import { QueueBoard } from "#app/service/queue-board.ts";
import type { RunRow } from "#port/run-store.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { otherTenant, sampleRow, sampleRun } from "../../port/sample-run.ts";

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

t.test("a tenant's turn was when a run of its queue last began, or was about to", async (t) => {
  let now = START;
  const queue = { priority: 0 };
  const row = (n: number, more: Partial<RunRow>): RunRow => ({
    ...sampleRow(sampleRun(n)),
    updatedAt: timestampOf(now),
    queue,
    ...more,
  });
  const [own, acme] = [sampleRun(1).tenantId, sampleRun(1, otherTenant).tenantId];
  const begunBefore = (milliseconds: number) => ({ startedAt: timestampOf(START - milliseconds) });
  let changed: readonly RunRow[] = [];
  const index = {
    unfinished: async () => [row(1, begunBefore(90)), row(2, begunBefore(50)), row(3, { status: "pending" })],
    changedSince: async () => changed,
  };
  const board = new QueueBoard(index, () => now);
  await board.rows();
  t.same([...board.begunAt], [[own, START - 50]], "the last of them");
  now += 100;
  const { queue: _none, ...driven } = row(5, begunBefore(10));
  changed = [
    row(4, { ...begunBefore(40), tenantId: acme, status: "succeeded" }),
    row(6, { ...begunBefore(5), status: "cancelled" }),
    driven,
  ];
  await board.rows();
  t.same(
    [...board.begunAt],
    [
      [own, START - 50],
      [acme, START - 40],
    ],
    "of what ended meanwhile, too; neither of a run that was cancelled before it began, nor of one that people drive",
  );
  board.begins(own);
  changed = [row(7, { startedAt: timestampOf(now + 3_600_000), tenantId: acme })];
  await board.rows();
  t.same(
    [...board.begunAt.values()],
    [START + 100, START + 100],
    "and nobody's is in the future by the clock of another host",
  );
});
