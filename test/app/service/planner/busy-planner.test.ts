import { mkdirSync, readdirSync, cpSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { Planner } from "#app/service/planner/planner.ts";
import { planPack } from "#app/plan-pack.ts";
import { openService } from "#app/service/open-service.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import { uploadFolder } from "#app/service/uploads.ts";
import type { Workplace } from "#app/workplace.ts";
import { missingInput } from "#app/service/planner/order-inputs.ts";
import { startPlannerThread } from "#cli/start-planner-thread.ts";
import { folders, inspectModule, sha256 } from "#compose.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { apiWorld } from "../../../api/api-world.ts";
import { value } from "../../../attest/signing.ts";
import { packText, refusalOf, serviceWorld, tenantOf } from "../service-world.ts";

const STEP = "    - {id: a, run: {command: [echo, hello]}}";
/** As many steps as take seconds on any machine. */
const MANY_STEPS = Array.from({ length: 40_000 }, (_, at) => `    - {id: s${at}, run: {command: [echo, hello]}}`).join(
  "\n",
);

/** Takes three times as long as the test that it is for allows, on a fast machine. */
const SLOW_STEPS = Array.from({ length: 40_000 }, (_, at) => {
  const terms = [1, 2, 3, 4, 5, 6].map((number) => `run.id == "x${number}"`);
  return `    - {id: s${at}, when: '\${{ ${terms.join(" || ")} || ${at} > 5 }}', run: {command: [echo, hello]}}`;
}).join("\n");

const planned = (seconds: number, workplace: Workplace): Workplace => ({
  ...workplace,
  planner: new Planner({ start: startPlannerThread, seconds, queue: 10 }),
});

t.test("while a pack keeps the planner busy, the service answers, shows events and keeps leases", async (t) => {
  const world = await apiWorld(t);
  const workplace = planned(3600, world.workplace);
  const server = await world.another({ service: world.serviceOver(workplace) });
  const identity = await world.place.start(world.workplace);
  const folder = dirname(world.place.write("busy/pack.yaml", packText(MANY_STEPS)));
  const id = treeDigest(value(await folders.readPack(folder)).listing, sha256);
  const to = uploadFolder(id, workplace.settings) ?? "";
  mkdirSync(dirname(to), { recursive: true });
  cpSync(folder, to, { recursive: true });

  const order: string[] = [];
  const headers = { Authorization: `Bearer ${await world.token()}` };
  const asked = fetch(`${server.url}/api/plans`, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify({ pack: { upload: id }, inputs: {} }),
  }).then(async (response) => {
    order.push("planned");
    return { status: response.status, body: (await response.json()) as { readonly code: string } };
  });
  const { leases } = workplace.store;
  const lease = await leases.acquire(identity, 15_000);
  for (let turn = 0; turn < 3; turn += 1) {
    const alive = await fetch(`${server.url}/livez`);
    order.push(`livez ${alive.status}`);
    await alive.arrayBuffer();
    const events = await fetch(`${server.url}/api/runs/${identity.runId}/logs`, {
      headers: { ...headers, Accept: "text/event-stream" },
    });
    const reader = events.body?.getReader();
    const first = await reader?.read();
    order.push(Buffer.from(first?.value ?? []).includes("run.created") ? "event" : "no event");
    await reader?.cancel();
    const renewed = lease === undefined ? undefined : await leases.renew(identity, lease, 15_000);
    order.push(renewed === undefined ? "no lease" : "lease");
  }
  await workplace.planner.close();
  const { status, body } = await asked;
  const turn = ["livez 200", "event", "lease"];
  t.same(order, [...turn, ...turn, ...turn, "planned"], "all of it before the plan is given up");
  t.match({ status, body }, { status: 503, body: { code: "PLANNER_LOST" } });
});

t.test("a tenant that asks for more than may wait is told when to ask again", async (t) => {
  const world = await apiWorld(t);
  const planner = new Planner({ start: startPlannerThread, seconds: 1, queue: 0 });
  const server = await world.another({ service: world.serviceOver({ ...world.workplace, planner }) });
  const upload = await world.upload({ steps: [{ id: "a", run: { command: ["echo", "a"] } }] });
  for (const path of ["plans", "simulations", "runs"]) {
    const answer = await fetch(`${server.url}/api/${path}`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${await world.token()}`,
        "Content-Type": "application/json",
        "Idempotency-Key": path,
      },
      body: JSON.stringify({ pack: { upload }, inputs: {} }),
    });
    t.equal(answer.status, 429, path);
    t.equal(answer.headers.get("Retry-After"), "5");
    t.match(await answer.json(), { code: "PLANNER_FULL", hint: "ask again in 5 s" });
  }
});

t.test("a pack that takes too long is refused, and the next one is planned", async (t) => {
  const world = await serviceWorld(t);
  const workplace = planned(2, world.workplace);
  const service = openService({ workplace, limits: serviceLimits({}), metrics: new ServiceMetrics() });
  const busy = await world.upload(SLOW_STEPS);
  const pack = await world.upload(STEP);
  const [late, other] = await Promise.all([
    service.plan({ pack: busy, inputs: {} }, world.bearer),
    service.plan({ pack, inputs: {} }, { ...world.bearer, tenantId: tenantOf("t2") }),
  ]);
  t.equal(refusalOf(late), "PLANNER_TIME");
  t.match(late, { fault: { fault: { data: { seconds: 2 } } } });
  t.equal(refusalOf(other), "ok");
  t.equal(refusalOf(await service.simulate({ pack, inputs: {} }, world.bearer)), "ok");
  await workplace.planner.close();
});

t.test("a run whose plan cannot be compiled anew in time is left as it was", async (t) => {
  const world = await serviceWorld(t);
  const { runId } = await world.submit({ pack: await world.upload(STEP), inputs: {} });
  const workplace = planned(60, world.workplace);
  await workplace.planner.close();
  const { recompileApart } = await import("#app/service/planner/recompile-apart.ts");
  const { recompileStored } = await import("#app/recompile-stored.ts");
  const identity = value(await world.workplace.store.ledger.identity({ tenantId: world.bearer.tenantId, runId }));
  const recompile = recompileApart(workplace.planner, identity.tenantId);
  t.match(await recompileStored(identity, { ...workplace, recompile }), { fault: { code: "STORE_UNAVAILABLE" } });
  const here = value(await recompileStored(identity, world.workplace));
  const apart = value(
    await recompileStored(identity, {
      ...world.workplace,
      recompile: recompileApart(world.workplace.planner, identity.tenantId),
    }),
  );
  t.same(Buffer.from(apart), Buffer.from(here), "and with time it is the same plan");
});

t.test("the thread gives the same bytes and findings as planning here", async (t) => {
  await using planner = new Planner({ start: startPlannerThread, seconds: 600, queue: 10 });
  const tenant = tenantOf("default");
  const root = join(import.meta.dirname, "../../../../packs");
  const ports = { folders, sha256, inspectModule };
  let plans = 0;
  for (const name of readdirSync(root)) {
    const folder = join(root, name);
    const here = await planPack({ pack: ".", inputs: [], cwd: folder, missing: missingInput }, ports);
    const asked = await planner.ask(tenant, { kind: "plan", folder, inputs: {}, staged: new Map() });
    const there = value(asked);
    if (here.ok && there.ok) {
      plans += 1;
      t.same(Buffer.from(there.value.bytes), Buffer.from(here.value.compiled.bytes), name);
      t.equal(there.value.planHash, here.value.compiled.planHash);
      t.same(there.value.packListing, here.value.packListing);
      t.same(there.value.sources, here.value.sources);
    } else {
      const text = (result: typeof here | typeof there): unknown => (result.ok ? "ok" : result.fault);
      t.match(text(there), { diagnostics: (text(here) as { readonly diagnostics?: unknown }).diagnostics }, name);
    }
  }
  t.ok(plans > 0);
});
