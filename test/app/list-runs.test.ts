import t from "tap";
import { isLeft, pageOfRuns, type RunPage } from "#app/list-runs.ts";
import type { Workplace } from "#app/workplace.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { RunQuery, RunRow } from "#port/run-store.ts";
import type { RunStatus } from "#run/status.ts";
import { value } from "../attest/signing.ts";
import { smallWorkplace } from "./small-workplace.ts";

const place = smallWorkplace(t);
const workplace: Workplace = await place.open();
/** What another process of the same store would have open. */
const elsewhere: Workplace = await place.open();
const { index } = workplace.store;
const begun = await place.start(workplace);
const [template] = await index.list(begun.tenantId, { limit: 1 });

/** Puts a row of a run that is older by so many minutes than the first one. */
async function addRow(minutes: number, change: Partial<RunRow>): Promise<RunRow> {
  if (template === undefined) {
    throw new Error("a run that was started has no row");
  }
  const createdAt = timestampOf(Date.parse(template.createdAt) - minutes * 60_000);
  // Later than what was written of the run itself.
  const updatedAt = timestampOf(Date.parse(template.updatedAt) + 60_000);
  const row: RunRow = { ...template, runId: workplace.chance.runId(), createdAt, updatedAt, ...change };
  value(await index.put(row));
  return row;
}

const queue = { priority: 0 };

/** All pages of a list, with how many there were. */
async function pages(query: RunQuery): Promise<{ readonly ids: readonly string[]; readonly pages: number }> {
  const ids: string[] = [];
  let page: RunPage = await pageOfRuns(workplace, query);
  let count = 1;
  for (;;) {
    ids.push(...page.runs.map(({ runId }) => runId));
    if (page.next === undefined) {
      return { ids, pages: count };
    }
    page = await pageOfRuns(workplace, { ...query, after: page.next });
    count += 1;
  }
}

t.test("a run that another process drives is listed under the status that is shown of it", async (t) => {
  const queued = await addRow(1, { status: "pending", queue });
  const driven = await place.start(elsewhere);
  const taken = await addRow(0, { ...driven, status: "pending", queue });
  const lease = await elsewhere.store.leases.acquire(taken, 60_000);
  const ended = await addRow(2, { status: "failed" });
  const shown = (await pageOfRuns(workplace, { limit: 10 })).runs;
  const seen = new Map(shown.map((run) => [run.runId, run.status]));
  t.equal(seen.get(begun.runId), "running", "the command line drives it, or did");
  t.equal(seen.get(taken.runId), "running");
  t.equal(seen.get(queued.runId), "pending");
  for (const status of ["pending", "running", "failed", "waiting"] as const satisfies readonly RunStatus[]) {
    const expected = shown.filter((run) => run.status === status).map(({ runId }) => runId);
    for (const limit of [1, 2, 10]) {
      t.strictSame((await pages({ limit, status })).ids, expected, `${status}, ${limit} at a time`);
    }
  }
  t.match((await pageOfRuns(workplace, { limit: 10, status: "running" })).runs, [
    { runId: taken.runId, driven: true },
    { runId: begun.runId, driven: false },
  ]);
  if (lease !== undefined) {
    await elsewhere.store.leases.release(taken, lease);
  }
  t.strictSame((await pages({ limit: 5, status: "pending" })).ids, [taken.runId, queued.runId], "nobody has it now");
  t.strictSame((await pages({ limit: 5, status: "failed" })).ids, [ended.runId]);
});

t.test("a page of a long queue looks at a bounded number of rows, and the next one goes on", async (t) => {
  const packName = "acme/many";
  for (let number = 1; number <= 1150; number += 1) {
    await addRow(number, { status: "pending", queue, packName });
  }
  const last = await addRow(1151, { status: "running", packName });
  let asked = 0;
  const counted: Workplace = {
    ...workplace,
    store: {
      ...workplace.store,
      leases: {
        ...workplace.store.leases,
        current: async (key) => {
          asked += 1;
          return workplace.store.leases.current(key);
        },
      },
    },
  };
  const first = await pageOfRuns(counted, { limit: 1, status: "running", packName });
  t.strictSame(first.runs, []);
  t.ok(asked <= 1000, `${asked} leases`);
  t.strictSame(await pages({ limit: 1, status: "running", packName }), { ids: [last.runId], pages: 2 });
  const { ids } = await pages({ limit: 500, status: "pending", packName });
  t.equal(new Set(ids).size, 1150);
  t.equal(ids.length, 1150);
});

t.test(
  "a run that nobody begins or goes on with is told from one that is driven, queued, waiting or over",
  async (t) => {
    t.equal(await isLeft(begun, "pending", workplace), true, "the process that was to begin it has died");
    t.equal(await isLeft(begun, "running", workplace), true);
    for (const status of ["waiting", "succeeded", "failed", "cancelled"]) {
      t.equal(await isLeft(begun, status, workplace), false, status);
    }
    const lease = await elsewhere.store.leases.acquire(begun, 60_000);
    t.equal(await isLeft(begun, "pending", workplace), false, "another process drives it");
    if (lease !== undefined) {
      await elsewhere.store.leases.release(begun, lease);
    }
    const queued = await place.start(workplace);
    value(await workplace.store.ledger.putFile(queued, "queue.json", Buffer.from('{"priority":0}')));
    t.equal(await isLeft(queued, "pending", workplace), false, "a service will begin it");
  },
);
