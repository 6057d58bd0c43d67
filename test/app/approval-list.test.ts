import { appendFileSync } from "node:fs";
import t from "tap";
import { importApproval } from "#app/approval-import.ts";
import { listApprovals } from "#app/approval-list.ts";
import { openRequestTrust } from "#app/run-trust.ts";
import { startRun } from "#app/start-run.ts";
import { value } from "../attest/signing.ts";
import { approvalWorld, HOUR } from "./approval-world.ts";

t.test("every gate that waits is listed with its rule, who has decided, and who still may", async (t) => {
  const world = await approvalWorld(t, { rule: { required: 2 } });
  const { runId, planHash, trustDomain } = world.identity;
  const alice = await world.person("alice");
  await world.person("bob");
  await world.person("oscar", ["requester"]);
  await world.request();
  value(await importApproval(value(await world.sign({ keyFile: alice })).file, world.workplace));
  const { items, unread } = value(await listApprovals(world.workplace));
  t.strictSame(unread, []);
  t.equal(items.length, 1);
  t.match(items[0], {
    runId,
    planHash,
    trustDomain,
    gateId: "ok",
    approval: "go",
    required: 2,
    have: 1,
    decided: [{ principal: "alice", decision: "approve" }],
    from: ["approver"],
    mayApprove: ["bob"],
    expired: false,
    message: "Go on?",
    requestedBy: "developer",
    pack: { name: "acme/gated", version: "1.2.0" },
  });
});

t.test("where duties are not separated, whoever asked may approve too", async (t) => {
  const world = await approvalWorld(t, { rule: { separationOfDuties: false } });
  t.strictSame(value(await listApprovals(world.workplace)).items[0]?.mayApprove, ["developer"]);
});

t.test("a gate whose time is over is shown as over at once, though nobody has recorded it", async (t) => {
  const world = await approvalWorld(t);
  world.later(HOUR);
  t.match(value(await listApprovals(world.workplace)).items, [{ gateId: "ok", expired: true }]);
  t.equal(await world.drive(), "failed");
  t.strictSame(value(await listApprovals(world.workplace)).items, [], "and is gone once it is");
});

t.test("a run of another trust domain says nobody's name, and a broken ledger hides no other run", async (t) => {
  const world = await approvalWorld(t);
  const { place, workplace } = world;
  const settings = { ...workplace.settings, stateFolder: place.here("elsewhere") };
  t.notOk("mayApprove" in (value(await listApprovals({ ...workplace, settings })).items[0] ?? {}), "no root to ask");
  const trust = value(await openRequestTrust(workplace, undefined, []));
  const { runId } = value(await startRun(await place.plan(workplace), new Map(), workplace, trust));
  appendFileSync(place.here("state/runs", runId, "ledger.jsonl"), '{"eventType":"gate.passed"}\n');
  const { items, unread } = value(await listApprovals(workplace));
  t.match(items, [{ runId: world.identity.runId }]);
  t.match(unread, [{ code: "LEDGER_BROKEN", message: new RegExp(runId) }]);
});
