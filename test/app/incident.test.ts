import { rmSync } from "node:fs";
import t from "tap";
import { changeIncident, takeSnapshot } from "#app/incident.ts";
import { snapshotPath } from "#app/snapshot-keeper.ts";
import { digestOf } from "#canon/digest.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import type { TraceLine } from "#engine/drive-trace.ts";
import { decideGate } from "#app/decide-gate.ts";
import type { RunKey } from "#port/run-store.ts";
import { openService } from "#app/service/open-service.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import { serviceWorld, taken, type ServiceWorld } from "./service/service-world.ts";
import { value } from "../attest/signing.ts";

const GATE = "  approvals: {ok: {required: 1, from: [approver], ttl: 1h, separationOfDuties: false}}";
const GATED = "    - {id: ask, gate: {approval: ok}}\n    - {id: a, run: {command: [echo, hello]}}";

t.test("evidence so far is signed when a gate opens, when it is asked for, and when an incident opens", async (t) => {
  const world = await serviceWorld(t);
  const key = await world.submit({ pack: await world.upload(GATED, GATE), inputs: {} });
  const worker = world.worker();
  worker.start();
  await world.until(key, "waiting");
  await worker.stop();
  const types = async (): Promise<readonly string[]> => (await world.events(key)).map(({ eventType }) => eventType);
  t.same((await types()).slice(-3), ["gate.opened", "run.waiting", "evidence.snapshot"]);
  const asked = value(await takeSnapshot(key, world.workplace));
  const { ledger } = world.workplace.store;
  const last = (await world.events(key)).findLast(({ eventType }) => eventType === "evidence.snapshot");
  t.match(last?.metadata, { manifestDigest: asked.manifestDigest, commandId: /^snapshot:/ });
  const kept = (await world.events(key)).map(({ sequence }) => snapshotPath(sequence));
  const manifests = (await Promise.all(kept.map(async (path) => ledger.getFile(key, path)))).flatMap((read) =>
    read.ok ? [read.value] : [],
  );
  const manifest = manifests.find((bytes) => digestOf(bytes, world.workplace.sha256) === asked.manifestDigest);
  t.match(JSON.parse(Buffer.from(manifest ?? []).toString()), { final: false, runId: key.runId });
  for (const path of kept) {
    const sidecar = await ledger.getFile(key, `${path}.sigstore.json`);
    t.ok(!sidecar.ok || readSidecar(sidecar.value, "own").ok);
  }
  t.match(await changeIncident(key, { state: "closed" }, world.workplace), { fault: { code: "INCIDENT_NONE" } });
  value(await changeIncident(key, { state: "open", reason: "odd output", ttlMs: 3_600_000 }, world.workplace, "ann"));
  t.match((await world.events(key)).findLast(({ eventType }) => eventType === "incident.opened")?.metadata, {
    by: "ann",
    reason: "odd output",
  });
  t.equal((await types()).filter((type) => type === "evidence.snapshot").length, 3, "at once");
  value(await changeIncident(key, { state: "closed" }, world.workplace));
  t.equal((await types()).filter((type) => type === "incident.closed").length, 1);
  t.equal((await world.state(key)).status, "waiting", "and nothing of the gate was relaxed");
  t.match(await world.service.cancel(key, world.bearer), { ok: true });
  t.match(await takeSnapshot(key, world.workplace), { fault: { code: "RUN_FINISHED" } });
});

t.test("a run that takes longer than its pack promises opens an incident, where that was asked for", async (t) => {
  const world = await serviceWorld(t, { incidentSeconds: 600 });
  const slow = '    - {id: a, run: {command: [sleep, "1.5"]}}';
  const key = await world.submit({ pack: await world.upload(slow, "  slo: {runP95Seconds: 1}"), inputs: {} });
  const quick = await world.submit({
    pack: await world.upload("    - {id: a, run: {command: [echo, hello]}}", "  slo: {runP95Seconds: 1}"),
    inputs: {},
  });
  world.worker().start();
  await world.until(key, "succeeded");
  await world.until(quick, "succeeded");
  const incidents = (await world.events(key)).filter(({ eventType }) => eventType === "incident.opened");
  t.match(incidents, [{ metadata: { by: "slo", reason: /slo.runP95Seconds/, commandId: "incident:slo" } }]);
  t.ok((await world.events(key)).some(({ eventType }) => eventType === "evidence.snapshot"));
  t.notOk((await world.events(quick)).some(({ eventType }) => eventType === "incident.opened"));
});

const DAY = 86_400_000;
const OPENED = "incident.opened";
const LATE =
  "  slo: {approvalP95Seconds: 600}\n  approvals: {ok: {required: 1, from: [approver], ttl: 90d, separationOfDuties: false}}";

t.test("a gate that stands open too long opens one incident, whichever server sees it", async (t) => {
  const world = await serviceWorld(t, { incidentSeconds: 60 });
  const key = await world.submit({ pack: await world.upload(GATED, LATE), inputs: {} });
  const first = world.worker();
  first.start();
  await world.until(key, "waiting");
  await first.stop();
  const before = await world.events(key);
  t.notOk(before.some(({ eventType }) => eventType === OPENED));
  const { clock } = world.workplace;
  // Nobody was there meanwhile.
  const later = { ...world.workplace, clock: { ...clock, now: () => clock.now() + 700_000 } };
  const workers = [world.worker({}, later), world.worker({}, later)];
  workers.forEach((worker) => worker.start());
  const opened = async (): Promise<number> =>
    (await world.events(key)).filter(({ eventType }) => eventType === OPENED).length;
  for (let tries = 0; (await opened()) === 0 && tries < 200; tries += 1) {
    await world.workplace.store.ledger.changed(key, Number.MAX_SAFE_INTEGER, 50);
  }
  // Long enough for each of them to look again.
  await world.workplace.store.ledger.changed(key, Number.MAX_SAFE_INTEGER, 1200);
  await Promise.all(workers.map(async (worker) => worker.stop()));
  const since = (await world.events(key)).slice(before.length);
  t.match(
    since.filter(({ eventType }) => eventType === OPENED),
    [{ metadata: { by: "slo", reason: /gate ask .*slo\.approvalP95Seconds/, commandId: "incident:slo:ask" } }],
  );
  t.equal(since.filter(({ eventType }) => eventType === OPENED).length, 1);
  t.ok(since.some(({ eventType }) => eventType === "evidence.snapshot"));
  t.equal((await world.state(key)).status, "waiting", "the gate is as it was");
  t.same(await world.workplace.store.inbox.pending(key), []);
});

for (const why of ["are not configured", "cannot be had"]) {
  t.test(`a run that waits opens one where its secrets ${why}, too, and nothing of it is begun`, async (t) => {
    const world = await serviceWorld(t, { incidentSeconds: 60 });
    const file = world.place.write("token", "token-of-the-vault");
    const tenants = { default: { token: { provider: "file", locator: file } } };
    const { settings, clock } = world.workplace;
    const rich = {
      ...world.workplace,
      settings: { ...settings, secrets: { places: { commands: {}, vault: {} }, tenants } },
    };
    const steps = `    - {id: ask, gate: {approval: ok}}
    - {id: a, env: {T: {secret: token}}, run: {command: [echo, hello]}}`;
    const pack = await world.upload(steps, `  secrets: {token: {}}\n${LATE}`);
    const service = openService({ workplace: rich, limits: serviceLimits({}), metrics: world.metrics });
    const { runId } = taken(await service.submit({ pack, inputs: {}, secrets: ["token"] }, world.bearer));
    const key = { tenantId: world.bearer.tenantId, runId };
    const first = world.worker({}, rich);
    first.start();
    await world.until(key, "waiting");
    await first.stop();
    const before = (await world.events(key)).length;
    rmSync(file);
    const poor = why === "cannot be had" ? rich : world.workplace;
    const second = world.worker({}, { ...poor, clock: { ...clock, now: () => clock.now() + 700_000 } });
    second.start();
    const since = async () => (await world.events(key)).slice(before).map(({ eventType }) => eventType);
    for (let tries = 0; !(await since()).includes("evidence.snapshot") && tries < 200; tries += 1) {
      await world.workplace.store.ledger.changed(key, Number.MAX_SAFE_INTEGER, 50);
    }
    await world.workplace.store.ledger.changed(key, Number.MAX_SAFE_INTEGER, 1200);
    await second.stop();
    const types = await since();
    t.equal(types.filter((type) => type === OPENED).length, 1);
    t.equal(types.filter((type) => type === "lease.acquired").length, 1, "and it is not taken again and again");
    t.equal((await world.state(key)).status, "waiting");
  });
}

t.test("without incidents in the configuration no gate opens one", async (t) => {
  const world = await serviceWorld(t);
  const key = await world.submit({ pack: await world.upload(GATED, LATE), inputs: {} });
  const { clock } = world.workplace;
  const first = world.worker();
  first.start();
  await world.until(key, "waiting");
  await first.stop();
  const before = (await world.events(key)).length;
  world.worker({}, { ...world.workplace, clock: { ...clock, now: () => clock.now() + DAY } }).start();
  await world.workplace.store.ledger.changed(key, Number.MAX_SAFE_INTEGER, 800);
  t.equal((await world.events(key)).length, before);
});

t.test("while an incident is open the log tells of that run alone what is done with it", async (t) => {
  const world = await serviceWorld(t);
  const lines: (readonly [RunKey, TraceLine])[] = [];
  const debug = { all: false, write: (key: RunKey, line: TraceLine) => void lines.push([key, line]) };
  const pack = await world.upload(GATED, GATE);
  const [watched, other] = [await world.submit({ pack, inputs: {} }), await world.submit({ pack, inputs: {} })];
  world.worker({}, world.workplace, debug).start();
  await world.until(watched, "waiting");
  await world.until(other, "waiting");
  t.same(lines, []);
  t.notOk(await world.service.traces(watched));
  const order = { state: "open", reason: "odd output", ttlMs: 3_600_000 } as const;
  value(await changeIncident(watched, order, world.workplace));
  t.ok((await world.service.traces(watched)) || (await isTracedSoon(world, watched)));
  t.notOk(await world.service.traces(other));
  for (const key of [watched, other]) {
    value(await decideGate(key, { gateId: "ask", decision: "approve", reason: "" }, world.workplace));
    await world.until(key, "succeeded");
  }
  t.ok(lines.length > 0);
  t.ok(lines.every(([{ runId }]) => runId === watched.runId));
  const told: readonly string[] = lines.map(([, line]) => (line.event === "run.event" ? line.type : line.event));
  for (const expected of ["lease.acquired", "step.started", "run.finished", "effect.started", "effect.ended"]) {
    t.ok(told.includes(expected), expected);
  }
});

async function isTracedSoon(world: ServiceWorld, key: RunKey): Promise<boolean> {
  for (let tries = 0; tries < 60 && !(await world.service.traces(key)); tries += 1) {
    await world.workplace.store.ledger.changed(key, Number.MAX_SAFE_INTEGER, 50);
  }
  return world.service.traces(key);
}
