import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { RunFeeds } from "#api/run-feed.ts";
import { finishRun } from "#app/finish-run.ts";
import { openRequestTrust } from "#app/run-trust.ts";
import { startRun } from "#app/start-run.ts";
import type { RunKey } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { value } from "../attest/signing.ts";
import { apiWorld } from "./api-world.ts";

const CLIENTS = 200;
const world = await apiWorld(t, { limits: { heartbeatMs: 40, requestsPerMinute: 10_000 } });
const { place, workplace, get } = world;
const SLOW = "for i in 1 2 3 4 5; do echo line $i; done";
const steps = [
  { id: "a", run: { command: ["sh", "-c", SLOW] } },
  { id: "b", run: { command: ["sh", "-c", SLOW] } },
];
const over = await world.run({ steps });

/** Creates a run of the same pack; `drive` lets it go on to its end. */
async function pending(): Promise<{ readonly runId: string; readonly drive: () => Promise<unknown> }> {
  const trust = value(await openRequestTrust(workplace, undefined, []));
  const identity = value(await startRun(await place.plan(workplace), new Map(), workplace, trust));
  const order = { references: new Map(), maxParallel: 1, wait: false };
  return { runId: identity.runId, drive: () => finishRun(identity, order, workplace, trust) };
}

async function ledgerOf(runId: string): Promise<readonly LedgerEvent[]> {
  return Array.fromAsync(workplace.store.ledger.read({ ...over, runId: runId as typeof over.runId }));
}

type Sent = { readonly id: number; readonly event: string; readonly data: LedgerEvent };

function parse(text: string): readonly Sent[] {
  return text
    .split("\n\n")
    .filter((block) => block !== "" && !block.startsWith(":"))
    .map((block) => {
      const [, id = "", event = "", data = ""] = /^id: (\d+)\nevent: (\S+)\ndata: (.*)$/.exec(block) ?? [];
      return { id: Number(id), event, data: JSON.parse(data) as LedgerEvent };
    });
}

t.test("a run that is over is replayed from the ledger and the stream ends", async (t) => {
  const answer = await get(`/api/runs/${over.runId}/logs`);
  t.equal(answer.headers.get("content-type"), "text/event-stream");
  t.equal(answer.headers.get("cache-control"), "no-store");
  const sent = parse(await answer.text());
  const events = await ledgerOf(over.runId);
  t.strictSame(
    sent.map(({ data }) => data),
    events,
  );
  t.strictSame(
    sent.map(({ id }) => id),
    events.map(({ sequence }) => sequence),
  );
  t.strictSame(
    sent.map(({ event }) => event),
    events.map(({ eventType }) => eventType),
  );
});

t.test("lines of JSON are the same events, for those who ask for them", async (t) => {
  const answer = await get(`/api/runs/${over.runId}/logs`, { Accept: "application/x-ndjson" });
  t.equal(answer.headers.get("content-type"), "application/x-ndjson");
  const lines = (await answer.text()).trimEnd().split("\n");
  t.strictSame(
    lines.map((line) => JSON.parse(line) as LedgerEvent),
    await ledgerOf(over.runId),
  );
});

t.test("a stream goes on behind the last event that was seen, and says when there is no more", async (t) => {
  const events = await ledgerOf(over.runId);
  const path = `/api/runs/${over.runId}/logs`;
  for (const from of [1, 5, events.length - 1]) {
    const byHeader = parse(await (await get(`${path}?after=1`, { "Last-Event-ID": String(from) })).text());
    const byQuery = parse(await (await get(`${path}?after=${from}`)).text());
    t.strictSame(
      byHeader.map(({ data }) => data),
      events.slice(from),
    );
    t.strictSame(byQuery, byHeader);
  }
  t.equal((await get(`${path}?after=${events.length}`)).status, 204);
  t.match(await (await get(`${path}?after=${events.length + 1}`)).json(), { code: "REQUEST_INVALID" });
  t.match(await (await get(path, { "Last-Event-ID": "x" })).json(), { code: "REQUEST_INVALID" });
});

t.test("steps and levels are chosen, and the end always comes", async (t) => {
  const path = `/api/runs/${over.runId}/logs`;
  const ofStep = parse(await (await get(`${path}?step=b`)).text());
  t.ok(ofStep.length > 2);
  t.ok(ofStep.slice(0, -1).every(({ data }) => data.stepId === "b"));
  t.equal(ofStep.at(-1)?.event, "run.finished");
  const errors = parse(await (await get(`${path}?level=error`)).text());
  t.strictSame(
    errors.map(({ data }) => data.level),
    [],
    "nothing failed",
  );
});

t.test("what there is comes without an end to wait for, and without what steps printed", async (t) => {
  const waits = await pending();
  const path = `/api/runs/${waits.runId}/logs?follow=no`;
  const there = parse(await (await get(path)).text());
  t.strictSame(
    there.map(({ data }) => data),
    await ledgerOf(waits.runId),
    "the run has not begun, and the stream ends",
  );
  const quiet = parse(await (await get(`/api/runs/${over.runId}/logs?output=none`)).text());
  const expected = (await ledgerOf(over.runId)).filter(({ eventType }) => eventType !== "step.output");
  t.strictSame(
    quiet.map(({ data }) => data),
    expected,
  );
  t.match(await (await get(`${path}&output=all`)).json(), { code: "REQUEST_INVALID" });
});

t.test(`${CLIENTS} clients see every event of a run once, wherever they begin`, async (t) => {
  const { runId, drive } = await pending();
  const followers = Array.from({ length: CLIENTS }, async (_, at) => {
    const answer = await get(`/api/runs/${runId}/logs${at % 2 === 0 ? "" : "?after=1"}`);
    const text = await answer.text();
    return { from: at % 2, sent: parse(text) };
  });
  await drive();
  const events = await ledgerOf(runId);
  for (const { from, sent } of await Promise.all(followers)) {
    t.strictSame(
      sent.map(({ id }) => id),
      events.slice(from).map(({ sequence }) => sequence),
    );
  }
});

t.test("a stream without news carries comments, and ends when its client does", async (t) => {
  const { runId } = await pending();
  const controller = new AbortController();
  const answer = await fetch(`${world.server.url}/api/runs/${runId}/logs?after=1`, {
    headers: { Authorization: `Bearer ${await world.token()}` },
    signal: controller.signal,
  });
  const reader = (answer.body ?? new ReadableStream()).getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const { value: first } = await reader.read();
  t.equal(Buffer.from(first ?? []).toString(), ": alive\n\n");
  controller.abort();
  await t.rejects(reader.read());
});

t.test("a client that reads nothing is dropped, and costs no memory meanwhile", async (t) => {
  const lines = Array.from({ length: 64 }, () => "x".repeat(16_000));
  const loud = {
    ...workplace.store.ledger,
    read: async function* read(key: RunKey, after = 0): AsyncGenerator<LedgerEvent> {
      for await (const event of workplace.store.ledger.read(key, 0)) {
        for (let sequence = after + 1; sequence <= 200; sequence += 1) {
          yield { ...event, sequence, eventType: "step.output", metadata: { stream: "stdout", lines } };
        }
      }
    },
  };
  const service = {
    ...world.service,
    workplaceFor: () => ({ ...workplace, store: { ...workplace.store, ledger: loud } }),
  };
  const loudServer = await world.another({ limits: { unreadMs: 50 }, service });
  const { port, hostname } = new URL(loudServer.url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  const before = process.memoryUsage().rss;
  socket.write(
    `GET /api/runs/${over.runId}/logs HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${await world.token({ subject: "sloth" })}\r\n\r\n`,
  );
  socket.on("error", () => undefined);
  while (!world.logged.some((line) => line.includes("sloth"))) {
    await pause(10);
  }
  t.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024, "200 MB were there to be sent");
  socket.destroy();
});

t.test("followers who come while others wait lose and double nothing", async (t) => {
  const { runId, drive } = await pending();
  const feeds = new RunFeeds();
  const key = { tenantId: over.tenantId, runId: runId as typeof over.runId };
  const follow = async (after: number): Promise<readonly number[]> => {
    const seen: number[] = [];
    const options = { signal: AbortSignal.timeout(30_000), idleMs: 20 };
    for await (const event of feeds.follow(key, workplace.store.ledger, after, options)) {
      if (event !== "idle") {
        seen.push(event.sequence);
      }
    }
    return seen;
  };
  const early = [follow(0), follow(0)];
  const driven = drive();
  const late = [];
  for (let at = 0; at < 20; at += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    late.push(follow(0), follow(1));
  }
  await driven;
  const all = (await ledgerOf(runId)).map(({ sequence }) => sequence);
  for (const seen of await Promise.all([...early, ...late])) {
    t.strictSame(seen, all.slice(seen[0] === 1 ? 0 : 1));
  }
});

t.test("a server that ends ends its streams", async (t) => {
  const { runId } = await pending();
  const server = await world.another({});
  const headers = { Authorization: `Bearer ${await world.token()}` };
  const answer = await fetch(`${server.url}/api/runs/${runId}/logs`, { headers });
  const [text] = await Promise.all([answer.text(), server.stop()]);
  t.match(
    parse(text).map(({ event }) => event),
    ["run.created"],
  );
});
