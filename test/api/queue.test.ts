import { cpSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import t from "tap";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import { tenantWorkplace } from "#app/service/tenant-workplace.ts";
import { uploadFolder } from "#app/service/uploads.ts";
import { apiWorld, tenantOf } from "./api-world.ts";

const world = await apiWorld(t, { loopback: { token: "default", tenantId: tenantOf("default") } });
const other = await world.another({ loopback: { token: "team-b", tenantId: tenantOf("team-b") } });
const addresses = { default: world.server.url, "team-b": other.url };
const upload = await world.upload({ steps: [{ id: "a", run: { command: ["true"] } }] });
const [from, to] = (["default", "team-b"] as const).map((tenant) =>
  uploadFolder(upload, tenantWorkplace(world.workplace, tenantOf(tenant), new ServiceMetrics()).settings),
);
mkdirSync(dirname(to ?? ""), { recursive: true });
cpSync(from ?? "", to ?? "", { recursive: true });
let orders = 0;

type Queue = { readonly eligible: boolean; readonly slaState: string; readonly position: number };
type Submitted = { readonly runId: string; readonly queue: () => Promise<Queue | undefined> };

/** Orders a run of this tenant at a server of its own; how it stands when it is asked about later. */
async function submit(more: object = {}, tenant: keyof typeof addresses = "default"): Promise<Submitted> {
  const headers = { Authorization: `Bearer ${tenant}`, "Content-Type": "application/json" };
  orders += 1;
  const answer = await fetch(`${addresses[tenant]}/api/runs`, {
    method: "POST",
    headers: { ...headers, "Idempotency-Key": `order-${orders}` },
    body: JSON.stringify({ pack: { upload }, inputs: {}, ...more }),
  });
  const body = (await answer.json()) as { readonly runId: string };
  if (answer.status !== 202) {
    throw new Error(JSON.stringify(body));
  }
  return {
    runId: body.runId,
    queue: async () => {
      const seen = await fetch(`${addresses[tenant]}/api/runs/${body.runId}`, { headers });
      return ((await seen.json()) as { readonly queue?: Queue }).queue;
    },
  };
}

t.test("higher priority goes first, then tenants take turns, then who came first", async (t) => {
  const first = await submit();
  const second = await submit();
  const theirs = await submit({}, "team-b");
  const urgent = await submit({ priority: 50 });
  const idle = await submit({ priority: -100 }, "team-b");
  const soon = new Date(Date.now() + 600_000).toISOString();
  const late = new Date(Date.now() - 1000).toISOString();
  const scheduled = await submit({ priority: 100, scheduledAt: soon });
  const pressed = await submit({ deadlineAt: soon });
  const missed = await submit({ deadlineAt: late });
  const standing = async (run: Submitted): Promise<string> => {
    const { eligible, slaState, position } = (await run.queue()) ?? { eligible: false, slaState: "none", position: 0 };
    return `${position} ${slaState} ${eligible}`;
  };
  const found = await Promise.all([urgent, first, theirs, second, pressed, missed, idle, scheduled].map(standing));
  t.strictSame(found, [
    "1 on_track true",
    "3 on_track true",
    "2 on_track true",
    "4 on_track true",
    "5 at_risk true",
    "6 breached true",
    "7 on_track true",
    "8 scheduled false",
  ]);
});

t.test("times of an order have up to three digits of a fraction, and are kept with three", async (t) => {
  const kept = async (scheduledAt: string, deadlineAt: string): Promise<unknown> => {
    const { runId } = await submit({ scheduledAt, deadlineAt });
    const rows = await world.workplace.store.index.list(tenantOf("default"), { limit: 100 });
    return rows.find((row) => row.runId === runId)?.queue;
  };
  t.strictSame(await kept("2030-01-01T00:00:00Z", "2030-01-01T00:00:00.5Z"), {
    priority: 0,
    scheduledAt: "2030-01-01T00:00:00.000Z",
    deadlineAt: "2030-01-01T00:00:00.500Z",
  });
  t.strictSame(await kept("2030-01-01T00:00:00.25Z", "2030-01-01T00:00:00.125Z"), {
    priority: 0,
    scheduledAt: "2030-01-01T00:00:00.250Z",
    deadlineAt: "2030-01-01T00:00:00.125Z",
  });
  for (const wrong of [
    "2030-01-01T00:00:00",
    "2030-01-01T00:00:00.Z",
    "2030-01-01T00:00:00.1234Z",
    "2030-02-30T00:00:00Z",
    "2030-01-01T24:00:00Z",
    "2030-01-01T00:00:00+01:00",
    "2030-01-01",
    "",
  ]) {
    await t.rejects(submit({ scheduledAt: wrong }), /"pointer":"\/scheduledAt"/, wrong);
  }
});

t.test("priorities and times that are none are refused", async (t) => {
  for (const wrong of [{ priority: 101 }, { priority: 0.5 }, { scheduledAt: "tomorrow" }, { deadlineAt: 5 }]) {
    await t.rejects(submit(wrong), /"status":422/, JSON.stringify(wrong));
  }
});
