import { existsSync } from "node:fs";
import t, { type Test } from "tap";
import { cancelRun } from "#app/cancel-run.ts";
import { decideGate } from "#app/decide-gate.ts";
import { evidenceFolder } from "#app/seal-finished.ts";
import type { Workplace } from "#app/workplace.ts";
import { approvalWorld, HOUR, type ApprovalWorld } from "./approval-world.ts";

type Order = (world: ApprovalWorld, workplace: Workplace) => Promise<unknown>;

const cancel: Order = ({ identity }, workplace) => cancelRun(identity, undefined, workplace);
const decide =
  (decision: "approve" | "reject"): Order =>
  ({ identity }, workplace) =>
    decideGate(identity, { gateId: "ok", decision, reason: "late" }, workplace);

/** A run whose process died between its last event and its evidence. */
async function unsealed(t: Test): Promise<{ world: ApprovalWorld; folder: string }> {
  const world = await approvalWorld(t);
  world.later(HOUR);
  t.equal(await world.drive(), "failed");
  const folder = evidenceFolder(world.identity.runId, world.workplace);
  t.notOk(existsSync(folder));
  return { world, folder };
}

const finished = { ok: false, fault: { code: "RUN_FINISHED" } };

for (const [name, order] of Object.entries({ cancel, approve: decide("approve"), reject: decide("reject") })) {
  t.test(`${name} of a run that has ended seals it where nobody has, and changes nothing else`, async (t) => {
    const { world, folder } = await unsealed(t);
    const { workplace, identity } = world;
    const before = await world.events();
    t.match(await order(world, workplace), finished);
    t.ok(existsSync(`${folder}/evidence.manifest.json`));
    t.strictSame(await world.events(), before, "a finished ledger never grows");
    const rows = await workplace.store.index.list(identity.tenantId, { limit: 1 });
    t.match(rows, [{ runId: identity.runId, status: "failed", reason: "GATE_EXPIRED" }]);
    t.match(await order(world, workplace), finished, "and again");
  });
}

t.test("where a run cannot be sealed the answer is the same", async (t) => {
  const { world, folder } = await unsealed(t);
  const { workplace, place } = world;
  const settings = { ...workplace.settings, trustFile: place.here("none.json") };
  t.match(await cancel(world, { ...workplace, settings }), finished, "no trust root");
  place.write("state/evidence", "in the way");
  t.match(await cancel(world, workplace), finished, "no place for it");
  t.match(await decide("approve")(world, workplace), finished);
  t.notOk(existsSync(folder));
});
