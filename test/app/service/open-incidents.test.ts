import t from "tap";
import { OpenIncidents } from "#app/service/open-incidents.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { RunRow } from "#port/run-store.ts";
import { rowOf } from "#app/run-row.ts";
import { tickingClock } from "../../port/ticking-clock.ts";
import { approval, planOf } from "../../run/sample-plan.ts";
import { ScriptedRun } from "../../run/scripted-run.ts";
import { tenantOf } from "./service-world.ts";

const { state } = new ScriptedRun(planOf([approval("ok")]));
const row = rowOf(state.identity, state);

t.test(
  "an incident is open until its time, for its own tenant, and the store is asked now and then only",
  async (t) => {
    const clock = tickingClock();
    let asked = 0;
    let rows: readonly RunRow[] = [row];
    const board = {
      rows: async () => {
        asked += 1;
        return rows;
      },
    };
    const incidents = new OpenIncidents(board, clock);
    t.same(await Promise.all([incidents.has(row), incidents.has(row), incidents.has(row)]), [false, false, false]);
    t.equal(asked, 1);
    rows = [{ ...row, incident: timestampOf(clock.now() + 10_000) }];
    t.notOk(await incidents.has(row), "what was read is good for a while");
    clock.tick(2000);
    t.ok(await incidents.has(row));
    t.notOk(await incidents.has({ ...row, tenantId: tenantOf("other") }));
    t.equal(asked, 2);
    clock.tick(8000);
    t.notOk(await incidents.has(row), "its time is over, whatever its row says");
  },
);

t.test("a store that is gone is no incident, and no refusal", async (t) => {
  const clock = tickingClock();
  const board = {
    rows: async () => Promise.reject(new StoreError(faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: "gone" }))),
  };
  t.notOk(await new OpenIncidents(board, clock).has(row));
  const broken = new OpenIncidents({ rows: async () => Promise.reject(new Error("bug")) }, clock);
  await t.rejects(broken.has(row), /bug/);
});
