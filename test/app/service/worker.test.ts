import { readFileSync, writeFileSync } from "node:fs";
import t from "tap";
import type { Timestamp } from "#canon/timestamp.ts";
import { decideGate } from "#app/decide-gate.ts";
import { openService } from "#app/service/open-service.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import type { RunKey } from "#port/run-store.ts";
import { scriptedRunner } from "./scripted-runner.ts";
import { localBearer, serviceWorld, taken } from "./service-world.ts";

const STEP = "    - {id: a, run: {command: [echo, hello]}}";
const GATE = `  approvals: {ok: {required: 1, from: [approver], ttl: 1h, separationOfDuties: false}}`;
const GATED = `    - {id: ask, gate: {approval: ok}}\n${STEP}`;

t.test("a worker drives what was left to it, and seals it", async (t) => {
  const world = await serviceWorld(t);
  const pack = await world.upload(STEP);
  const key = await world.submit({ pack, inputs: {} });
  t.match(await world.service.queueOf(key), { eligible: true, slaState: "on_track", position: 1 });
  world.worker().start();
  await world.until(key, "succeeded");
  t.equal(await world.service.queueOf(key), undefined);
  t.same(world.notes.at(0), { event: "run.taken", key });
  const { text } = await world.service.metrics();
  t.match(text, /packrun_runs_total\{status="succeeded"\} 1/);
  t.match(text, /packrun_step_duration_seconds_count\{pack="acme\/served"\} 1/);
});

t.test("a run that waits is left alone, and goes on when it was decided", async (t) => {
  const world = await serviceWorld(t);
  const pack = await world.upload(GATED, GATE);
  const key = await world.submit({ pack, inputs: {} });
  world.worker().start();
  await world.until(key, "waiting");
  const before = (await world.events(key)).length;
  await world.workplace.store.ledger.changed(key, Number.MAX_SAFE_INTEGER, 1200);
  t.equal((await world.events(key)).length, before, "looking at it writes nothing");
  const decided = await decideGate(key, { gateId: "ask", decision: "approve", reason: "" }, world.workplace);
  t.ok(decided.ok, JSON.stringify(decided));
  await world.until(key, "succeeded");
  t.match((await world.service.metrics()).text, /packrun_approval_wait_seconds_count\{pack="acme\/served"\} 1/);
});

t.test("a broken ledger of a run that waits is told with the run's name, and holds up no other", async (t) => {
  const world = await serviceWorld(t);
  const gated = await world.submit({ pack: await world.upload(GATED, GATE), inputs: {} });
  const first = world.worker();
  first.start();
  await world.until(gated, "waiting");
  await first.stop();
  const queued = await world.submit({ pack: await world.upload(STEP), inputs: {} });
  const ledger = world.place.here("state", "runs", gated.runId, "ledger.jsonl");
  writeFileSync(ledger, readFileSync(ledger, "utf8").replace('"level":"info"', '"level":"warn"'));
  world.notes.length = 0;
  world.worker({}, { ...(await world.place.open()), runner: scriptedRunner }).start();
  await world.until(queued, "succeeded");
  const told = world.notes.filter(({ event }) => event === "run.refused" || event === "store.failed");
  t.match(told[0], { event: "run.refused", key: gated, fault: { code: "LEDGER_BROKEN" } });
  t.notOk(told.some(({ event }) => event === "store.failed"));
});

t.test("a worker that stops leaves its run to the next, which finishes it", async (t) => {
  const world = await serviceWorld(t);
  const steps = [1, 2, 3, 4].map((n) => `    - {id: s${n}, run: {command: [sleep, "0.2"]}}`).join("\n");
  const key = await world.submit({ pack: await world.upload(steps), inputs: {} });
  const first = world.worker();
  first.start();
  await world.until(key, "running");
  await first.stop();
  const left = await world.state(key);
  t.equal(left.status, "running");
  t.notOk(
    Object.values(left.steps).some(({ status }) => status === "running"),
    "what ran has ended",
  );
  t.equal(await world.workplace.store.leases.current(key), undefined, "and the lease was given back");
  world.worker().start();
  await world.until(key, "succeeded");
  const started = (await world.events(key)).filter(({ eventType }) => eventType === "step.started");
  t.equal(started.length, 4, "no step ran twice");
});

t.test("runs that people drive themselves, and those whose secrets are not there, are left alone", async (t) => {
  const world = await serviceWorld(t);
  const own = await world.place.start(world.workplace);
  const secret = "    - {id: a, env: {T: {secret: token}}, run: {command: [echo, hello]}}";
  const { upload } = (await world.upload(secret, "  secrets: {token: {}}")) as { readonly upload: string };
  const tenants = { default: { token: { provider: "env", locator: "TOKEN" } } };
  const { settings } = world.workplace;
  const rich = { ...settings, secrets: { places: { commands: {}, vault: {} }, tenants } };
  const service = openService({
    workplace: { ...world.workplace, settings: rich },
    limits: serviceLimits({}),
    metrics: world.metrics,
  });
  const { runId } = taken(await service.submit({ pack: { upload }, inputs: {}, secrets: ["token"] }, world.bearer));
  const lock = await world.workplace.store.ledger.getFile({ tenantId: settings.tenantId, runId }, "inputs.lock");
  t.match(lock.ok && Buffer.from(lock.value).toString(), /"secrets":\{"token":\{"provider":"env","redacted":true\}\}/);
  const pack = await world.upload(STEP);
  const key = await world.submit({ pack, inputs: {}, priority: -9 });
  world.worker().start();
  await world.until(key, "succeeded");
  t.equal((await world.state(own)).status, "pending", "nobody left it to a service");
  t.equal((await world.state({ ...own, runId })).status, "pending");
  const refused = world.notes.find(({ event }) => event === "run.refused");
  t.match(refused, { key: { runId }, fault: { code: "SECRET_NOT_CONFIGURED" } });
});

t.test("what fails and is tried again is counted", async (t) => {
  const world = await serviceWorld(t);
  const retry = "retry: {maxAttempts: 2, backoff: {initial: 10ms, factor: 1, max: 10ms}}";
  const pack = await world.upload(`    - {id: a, run: {command: [fail]}, ${retry}}`);
  const key = await world.submit({ pack, inputs: {} });
  world.worker().start();
  await world.until(key, "failed");
  await world.worker().stop();
  const { text } = await world.service.metrics();
  t.match(text, /packrun_runs_total\{status="failed"\} 1/);
  t.match(text, /packrun_step_retries_total\{pack="acme\/served"\} 1/);
  t.match(text, /packrun_queue_oldest_seconds 0/);
  t.notMatch(text, key.runId, "no run is ever a label");
});

t.test("runs that no worker drives are counted as well when the service ends them, each once", async (t) => {
  const world = await serviceWorld(t);
  const pack = await world.upload(GATED, GATE);
  const [first, second, third] = [
    await world.submit({ pack, inputs: {} }),
    await world.submit({ pack, inputs: {} }),
    await world.submit({ pack, inputs: {} }),
  ];
  const worker = world.worker();
  worker.start();
  await Promise.all([first, second, third].map(async (key) => world.until(key, "waiting")));
  await worker.stop();
  const count = async (): Promise<readonly string[]> =>
    (await world.service.metrics()).text
      .split("\n")
      .filter((line) => /^packrun_(?:runs_total\{|run_duration_seconds_count|approval_wait_seconds_count)/.test(line))
      .map((line) => line.replace(/^packrun_/, "").replace(/\{(?:status|pack)="(.*)"\}/, " $1"));
  const day = new Date(world.workplace.clock.now() + 86_400_000).toISOString() as Timestamp;
  const scheduled = await world.submit({ pack, inputs: {}, scheduledAt: day });
  t.same(await count(), []);
  t.match(await world.service.cancel(scheduled, world.bearer), { ok: true, value: { status: "cancelled" } });
  t.same(await count(), ["runs_total cancelled 1", "run_duration_seconds_count acme/served 1"]);
  t.match(await world.service.cancel(first, world.bearer), { ok: true, value: { status: "cancelled" } });
  const rejection = { gateId: "ask", decision: "reject", reason: "" } as const;
  t.match(await decideGate(second, rejection, world.service.workplaceFor(world.bearer.tenantId)), { ok: true });
  t.equal((await world.state(second)).status, "failed");
  const all = [
    "runs_total cancelled 2",
    "runs_total failed 1",
    "run_duration_seconds_count acme/served 3",
    "approval_wait_seconds_count acme/served 2",
  ];
  t.same(await count(), all);
  t.match(await world.service.cancel(second, world.bearer), { ok: false, fault: { code: "RUN_FINISHED" } });
  world.worker().start();
  const approval = { ...rejection, decision: "approve" } as const;
  t.match(await decideGate(third, approval, world.service.workplaceFor(world.bearer.tenantId)), { ok: true });
  await world.until(third, "succeeded");
  t.same(await count(), [
    ...all.slice(0, 2),
    "runs_total succeeded 1",
    "run_duration_seconds_count acme/served 4",
    "approval_wait_seconds_count acme/served 3",
  ]);
});

t.test("what is scheduled later is left in the queue, and limits of a tenant hold", async (t) => {
  const world = await serviceWorld(t, { runsPerTenant: 1 });
  const pack = await world.upload('    - {id: a, run: {command: [sleep, "0.3"]}}');
  const now = world.workplace.clock.now();
  const later = new Date(now + 3_600_000).toISOString() as NonNullable<
    Parameters<typeof world.submit>[0]["scheduledAt"]
  >;
  const scheduled = await world.submit({ pack, inputs: {}, scheduledAt: later, priority: 100 });
  const low = await world.submit({ pack, inputs: {}, priority: -1 });
  const high = await world.submit({ pack, inputs: {}, priority: 5 });
  t.match(await world.service.queueOf(scheduled), { eligible: false, slaState: "scheduled", position: 3 });
  t.match(await world.service.queueOf(high), { eligible: true, position: 1 });
  world.worker().start();
  await world.until(high, "running");
  t.equal((await world.state(low)).status, "pending");
  await world.until(low, "succeeded");
  t.equal((await world.state(high)).status, "succeeded");
  t.equal((await world.state(scheduled)).status, "pending");
  const cancelled = await world.service.cancel(scheduled, world.bearer, "no more needed");
  t.match(cancelled, { ok: true, value: { status: "cancelled" } });
  t.equal(await world.service.queueOf(scheduled), undefined);
});

t.test("on one slot tenants take turns, in the order that their runs are told", async (t) => {
  const world = await serviceWorld(t, { runs: 1 });
  const log = world.place.write("begun.txt", "");
  const pack = await world.upload(`    - {id: a, run: {command: [note, ${JSON.stringify(log)}]}}`);
  const slow = await world.upload('    - {id: a, run: {command: [sleep, "1"]}}');
  const names = new Map<string, string>();
  const submit = async (name: string, tenant: string, what = pack): Promise<RunKey> => {
    const bearer = localBearer(tenant);
    const { runId } = taken(await world.service.submit({ pack: what, inputs: {} }, bearer));
    names.set(runId, name);
    return { tenantId: bearer.tenantId, runId };
  };
  const first = await submit("A0", "default", slow);
  world.worker().start();
  await world.until(first, "running");
  const keys: RunKey[] = [];
  for (const name of ["D1", "D2", "D3"]) {
    keys.push(await submit(name, "default"));
  }
  for (const name of ["X1", "X2"]) {
    keys.push(await submit(name, "t2"));
  }
  const shown: string[] = [];
  for (const key of keys) {
    const { position = 0 } = (await world.service.queueOf(key)) ?? {};
    shown[position - 1] = names.get(key.runId) ?? "";
  }
  t.same(shown, ["X1", "D1", "X2", "D2", "D3"]);
  await Promise.all(keys.map(async (key) => world.until(key, "succeeded")));
  const begun = readFileSync(log, "utf8").trim().split("\n");
  t.same(
    begun.map((line) => names.get(line.split(" ")[0] ?? "")),
    shown,
    "and so they begin",
  );
});
