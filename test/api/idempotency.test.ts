import { spawn } from "node:child_process";
import { once } from "node:events";
import t from "tap";
import { fileRequestStore } from "#store/file/file-request-store.ts";
import { KEEPING } from "../compiled.ts";
import { apiWorld, tenantOf } from "./api-world.ts";
import { KILLED_SERVER, type Moment } from "./killed-server-process.ts";

const loopback = { token: "of-the-operator", tenantId: tenantOf("default") };
const world = await apiWorld(t, { loopback });
const order = {
  pack: { upload: await world.upload({ steps: [{ id: "a", run: { command: ["true"] } }] }) },
  inputs: {},
};

/** Sends the order to a server that dies over it. */
async function die(moment: Moment, key: string): Promise<void> {
  const child = spawn(process.execPath, ["--conditions=@packrun/source", KILLED_SERVER, world.place.here(), moment], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", ...KEEPING },
  });
  const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  const ended = once(child, "exit");
  const answer = await send(line.trim(), key).catch(() => undefined);
  child.kill("SIGTERM");
  t.strictSame({ ended: await ended, answer: await answer?.text() }, { ended: [null, "SIGKILL"], answer: undefined });
}

function send(url: string, key: string, body: object = order): Promise<Response> {
  return fetch(`${url}/api/runs`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${loopback.token}`,
      "Content-Type": "application/json",
      "Idempotency-Key": key,
    },
    body: JSON.stringify(body),
  });
}

/** Ids of all runs that wait. */
async function queued(): Promise<readonly string[]> {
  return (await world.workplace.store.index.unfinished()).map(({ runId }) => runId);
}

t.test("a run whose server was killed before it answered is found by the next one, and not made again", async (t) => {
  await die("settle", "killed-late");
  const [runId, ...more] = await queued();
  t.strictSame(more, []);
  const answer = await send(world.server.url, "killed-late");
  t.equal(answer.status, 202);
  t.match(await answer.json(), { schemaVersion: 1, runId, status: "pending" });
  t.equal(answer.headers.get("location"), `/api/runs/${runId}`);
  t.strictSame(await queued(), [runId]);
  t.equal((await send(world.server.url, "killed-late", { ...order, priority: 1 })).status, 422);
});

t.test(
  "an order whose server was killed before it made the run is made once its claim is over, one time",
  async (t) => {
    const before = await queued();
    await die("create", "killed-early");
    t.strictSame(await queued(), before);
    const early = await send(world.server.url, "killed-early");
    t.equal(early.status, 409);
    t.match(await early.json(), { code: "IDEMPOTENCY_IN_FLIGHT" });
    const later = fileRequestStore(world.place.here("state/server/requests.db"), { now: () => Date.now() + 11_000 });
    t.teardown(later.close);
    const [one, two] = [await world.another({ loopback, requests: later }), await world.another({ loopback })];
    const first = await send(one.url, "killed-early");
    t.equal(first.status, 202);
    const { runId } = (await first.json()) as { runId: string };
    t.match(await (await send(two.url, "killed-early")).json(), { runId });
    t.strictSame((await queued()).toSorted(), [...before, runId].toSorted());
  },
);

t.test("a run that was created and never got into the index is put there when it is asked for again", async (t) => {
  const before = await queued();
  const { index } = world.workplace.store;
  const service = world.serviceOver({
    ...world.workplace,
    store: { ...world.workplace.store, index: { ...index, put: () => Promise.reject(new Error("cut off")) } },
  });
  const cut = await world.another({ loopback, service });
  t.equal((await send(cut.url, "never-indexed")).status, 500);
  t.strictSame(await queued(), before);
  const answer = await send(world.server.url, "never-indexed");
  t.equal(answer.status, 202);
  const { runId } = (await answer.json()) as { runId: string };
  t.strictSame((await queued()).toSorted(), [...before, runId].toSorted());
});

t.test("of those who carry out one order at the same time, all answer the run of the first", async (t) => {
  const runId = world.workplace.chance.runId();
  const bearer = { tenantId: tenantOf("default"), issuer: "x", subject: "y", scopes: [], local: true } as const;
  const submitted = await Promise.all([1, 2, 3].map(() => world.service.submit(order, bearer, runId)));
  const made = { ok: true, value: { runId, status: "pending" } };
  t.match(submitted, [made, made, made]);
});
