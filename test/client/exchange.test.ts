import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { ApiClient } from "#client/api-client.ts";
import { streamMessages } from "#client/event-source.ts";
import { readServerAccess } from "#client/server-access.ts";
import { readServedState } from "#client/served-state.ts";
import { canonicalJson } from "#canon/canonical-json.ts";
import { digestOfHex } from "#canon/digest.ts";
import type { LedgerEvent } from "#run/event.ts";
import { value } from "../attest/signing.ts";
import { identityOf, planOf, run } from "../run/sample-plan.ts";

type Reply = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const RUN = "01a1ffb5-91ae-72d0-be25-9ad0bf334ca2";
const DIGEST = digestOfHex("0".repeat(64));
const SUBMITTED = { schemaVersion: 1, runId: RUN, planHash: DIGEST, status: "pending" };

/** A client of something on loopback that gives these replies in turn, and how long the client waited before each. */
async function clientOf(t: Test, ...replies: readonly Reply[]) {
  const asked: { readonly headers: IncomingMessage["headers"]; readonly url: string; readonly body: string }[] = [];
  const waits: number[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    asked.push({ headers: request.headers, url: request.url ?? "", body });
    replies[Math.min(asked.length, replies.length) - 1]?.(request, response, body);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
  const env = { PACKRUN_TOKEN: "the-token", PACKRUN_SERVER: url };
  const access = value(await readServerAccess({ flags: {}, env, cwd: "/" }));
  if (access === undefined) {
    throw new Error("there is no address");
  }
  const client = new ApiClient(access, async (milliseconds) => void waits.push(milliseconds));
  return { client, asked, waits };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Reply =>
  (_request, response) => {
    const type = status < 400 ? "application/json" : "application/problem+json";
    response.writeHead(status, { "Content-Type": type, ...headers }).end(JSON.stringify(body));
  };

function problem(status: number, code: string, headers: Record<string, string> = {}): Reply {
  const instance = "urn:uuid:1";
  return json(
    status,
    { type: "t", title: "T", status, detail: "no \u001b[31m", code, instance, hint: "wait" },
    headers,
  );
}

const broken: Reply = (request) => void request.socket.destroy();
const order = { pack: { ref: "a/b@1.0.0" }, inputs: {} };

t.test("what is put off is sent again when the server says so, with the same key, and only so often", async (t) => {
  const late = problem(429, "RATE_LIMITED", { "Retry-After": "7" });
  const { client, asked, waits } = await clientOf(t, late, broken, json(202, SUBMITTED));
  t.match(await client.submitRun(order, "key-1"), { ok: true, value: { runId: RUN } });
  t.strictSame(waits, [7000, 250]);
  t.strictSame(new Set(asked.map(({ headers }) => headers["idempotency-key"])), new Set(["key-1"]));
  t.equal(new Set(asked.map(({ body }) => body)).size, 1);
  t.match(asked[0], { url: "/base/api/runs", headers: { authorization: "Bearer the-token" } });
  const patient = await clientOf(t, problem(429, "QUEUE_FULL", { "Retry-After": "3600" }));
  t.match(await patient.client.submitRun(order, "k"), { ok: false, fault: { code: "QUEUE_FULL", hint: "wait" } });
  t.equal(patient.asked.length, 1, "an hour is not waited");
  const never = await clientOf(t, late);
  t.match(await never.client.submitRun(order, "k"), { fault: { code: "RATE_LIMITED" } });
  t.equal(never.asked.length, 6);
});

t.test("what may have arrived is sent again only if that does no harm", async (t) => {
  const cancelled = await clientOf(t, broken, json(202, { schemaVersion: 1, runId: RUN, status: "running" }));
  t.match(await cancelled.client.cancelRun(RUN, undefined), { fault: { code: "SERVER_UNREACHABLE" } });
  t.equal(cancelled.asked.length, 1);
  const gateway: Reply = (_request, response) => void response.writeHead(502).end("<html>");
  const read = await clientOf(t, gateway, broken, json(200, { schemaVersion: 1, items: [], more: 1 }));
  t.match(await read.client.listRuns({ limit: 1 }), { ok: true, value: { items: [] } });
  t.strictSame(read.waits, [250, 500]);
});

t.test("the token goes nowhere else, and what is no answer of a server is none", async (t) => {
  const elsewhere: Reply = (_request, response) => void response.writeHead(307, { Location: "http://evil/" }).end();
  const sent = await clientOf(t, elsewhere);
  t.match(await sent.client.readRun(RUN), { fault: { code: "SERVER_REDIRECT" } });
  t.equal(sent.asked.length, 1);
  const page: Reply = (_request, response) => void response.writeHead(404).end("<html>");
  for (const reply of [page, json(200, { items: 1 }), json(200, "text")]) {
    t.match(await (await clientOf(t, reply)).client.listRuns({ limit: 1 }), { fault: { code: "SERVER_ANSWER" } });
  }
  const refused = await (await clientOf(t, problem(404, "RUN_UNKNOWN"))).client.readRun(RUN);
  t.match(refused, { fault: { code: "RUN_UNKNOWN", message: "no \\x1b[31m" } }, "nothing steers the terminal");
});

t.test("what throws in whoever is told of an event is no broken connection", async (t) => {
  const { client, asked } = await clientOf(t, lines("whole", 1, 3));
  const bug = new Error("a bug");
  const tell = (): void => {
    throw bug;
  };
  await t.rejects(client.readEvents(RUN, tell), bug);
  t.equal(asked.length, 1);
});

/** Sends the beginning of an answer that says it is longer. */
const cutOff =
  (type: string, text: string): Reply =>
  (request, response) => {
    response.writeHead(200, { "Content-Type": type, "Content-Length": 1000 });
    response.write(text, () => request.socket.destroy());
  };

t.test("an answer that breaks off is asked for again where that does no harm, and told as such", async (t) => {
  const cut = cutOff("application/json", '{"schemaVersion":1,');
  const whole: Reply = (_request, response) =>
    void response.writeHead(200, { "Content-Type": "application/json" }).end(canonicalJson(PLAN));
  const plan = await clientOf(t, cut, whole);
  const read = value(await plan.client.readPlan(RUN));
  t.equal(Buffer.from(read).toString(), canonicalJson(PLAN));
  t.strictSame(plan.waits, [250]);
  const list = await clientOf(t, cut, json(200, { schemaVersion: 1, items: [] }));
  t.match(await list.client.listRuns({ limit: 1 }), { ok: true, value: { items: [] } });
  const told = { ok: false, fault: { code: "SERVER_UNREACHABLE", message: /broke off/ } };
  const never = await clientOf(t, cut);
  t.match(await never.client.readPlan(RUN), told);
  t.equal(never.asked.length, 5);
  t.match(await never.client.readAnchor(RUN), told);
  const once = await clientOf(t, cut);
  t.match(await once.client.takeSnapshot(RUN), told);
  t.equal(once.asked.length, 1, "what would be done twice is not asked for again");
  const refusal: Reply = (request, response) => {
    response.writeHead(404, { "Content-Type": "application/problem+json", "Content-Length": 1000 });
    response.write("{", () => request.socket.destroy());
  };
  t.match(await (await clientOf(t, refusal)).client.readRun(RUN), { fault: { code: "SERVER_ANSWER" } });
});

function event(sequence: number): LedgerEvent {
  const { eventType, metadata } =
    sequence === 4 ? END : { eventType: "run.resumed", metadata: { owner: "w", fence: 1 } };
  const at = { timestamp: "2026-01-01T00:00:00.000Z", level: "info", message: "", prev: DIGEST, hash: DIGEST };
  return { sequence, eventType, metadata, ...at } as unknown as LedgerEvent;
}
const END = { eventType: "run.finished", metadata: { status: "succeeded", outputs: {} } };

/** Sends these events, and leaves the stream open or breaks it off in the middle of the next one. */
const stream =
  (...sequences: readonly number[]): Reply =>
  (request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const lines = sequences.map((at) => `: alive\n\nid: ${at}\ndata: ${JSON.stringify(event(at))}\n\n`).join("");
    response.write(`${lines}id: 99\ndata: {"seq`, () => request.socket.destroy());
  };

t.test("a stream that breaks off is taken up behind the last event, and nothing comes twice", async (t) => {
  const { client, asked } = await clientOf(t, stream(1, 2), broken, stream(2, 3), stream(), stream(4));
  const seen: number[] = [];
  const onEvent = ({ sequence }: LedgerEvent): "go" => (seen.push(sequence), "go");
  t.match(await client.follow({ runId: RUN, after: 0, onEvent }), { ok: true });
  t.strictSame(seen, [1, 2, 3, 4]);
  t.strictSame(
    asked.map(({ headers }) => headers["last-event-id"]),
    [undefined, "2", "2", "3", "3"],
  );
});

t.test("a log with a gap, or with something that is no event, is not followed", async (t) => {
  const follow = async (...replies: readonly Reply[]): Promise<unknown> =>
    (await clientOf(t, ...replies)).client.follow({ runId: RUN, after: 0, onEvent: () => "go" });
  t.match(await follow(stream(1, 3)), { fault: { code: "SERVER_ANSWER", message: /event 3 after 1/ } });
  t.match(await follow(json(200, {})), { fault: { code: "SERVER_ANSWER" } });
  t.match(await follow((_request, response) => void response.writeHead(204).end()), { ok: true });
  t.match(await follow(stream()), { fault: { code: "SERVER_UNREACHABLE" } }, "again and again");
});

/** Sends these events as lines, whole or broken off in the middle of the next one. */
const lines =
  (end: "whole" | "broken", ...sequences: readonly number[]): Reply =>
  (request, response) => {
    response.writeHead(200, { "Content-Type": "application/x-ndjson" });
    const text = sequences.map((at) => `${JSON.stringify(event(at))}\n\n`).join("");
    if (end === "whole") {
      response.end(text);
    } else {
      response.write(`${text}{"seq`, () => request.socket.destroy());
    }
  };

t.test("events that are there are read on behind the last one when the answer breaks off", async (t) => {
  const { client, asked } = await clientOf(t, lines("broken", 1, 3), lines("broken"), lines("whole", 3, 4));
  const seen: number[] = [];
  t.match(await client.readEvents(RUN, ({ sequence }) => void seen.push(sequence)), { ok: true });
  t.strictSame(seen, [1, 3, 4], "what steps printed is left out");
  t.strictSame(
    asked.map(({ url }) => url.replace(/^.*after=/, "")),
    ["0", "3", "3"],
  );
  const read = async (reply: Reply): Promise<unknown> => (await clientOf(t, reply)).client.readEvents(RUN, () => {});
  t.match(await read(lines("broken")), { fault: { code: "SERVER_UNREACHABLE" } });
  t.match(await read(json(200, {})), { fault: { code: "SERVER_ANSWER" } });
  t.match(await read((_request, response) => void response.writeHead(204).end()), { ok: true });
  for (const text of ["{}", "none"]) {
    const reply: Reply = (_request, response) =>
      void response.writeHead(200, { "Content-Type": "application/x-ndjson" }).end(text);
    t.match(await read(reply), { fault: { code: "SERVER_ANSWER", message: /no event/ } });
  }
});

const PLAN = planOf([run("a")]);
const SERVED = {
  schemaVersion: 1,
  ...identityOf(PLAN),
  runId: RUN,
  pack: PLAN.pack,
  status: "pending",
  requestedBy: "ann",
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
  sequence: 0,
  steps: [],
  outputs: {},
  pendingGates: [],
};

t.test("a run is folded here only when it is named as runs are, over a plan that is one", async (t) => {
  const fold = async (named: object, plan: object): Promise<unknown> => {
    const sent: Reply = (_request, response) =>
      void response.writeHead(200, { "Content-Type": "application/json" }).end(canonicalJson(plan));
    const { client } = await clientOf(t, json(200, { ...SERVED, ...named }), sent, lines("whole", 4));
    return readServedState(client, RUN);
  };
  t.match(await fold({}, PLAN), { ok: true, value: { status: "succeeded" } });
  t.match(await fold({}, {}), { fault: { code: "PLAN_FILE" } });
  t.match(await fold({ tenantId: "Team B" }, PLAN), { fault: { code: "SERVER_ANSWER" } });
});

t.test("messages are found wherever the bytes are cut, whatever ends their lines", async (t) => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const whole = Buffer.from([": hi", "id: 7", "data: ä", "data:b", "", "data: c", "", "data: cut"].join(end));
    for (const size of [1, 3, whole.length]) {
      const parts = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
        whole.subarray(at * size, (at + 1) * size),
      );
      const found = await Array.fromAsync(streamMessages(ReadableStream.from(parts)));
      const wanted = [
        { id: "7", data: "ä\nb" },
        { id: "7", data: "c" },
      ];
      t.strictSame(found, wanted, `${JSON.stringify(end)} in parts of ${size}`);
    }
  }
});

t.test("an address is https, or http on this host, and says nothing secret", async (t) => {
  const read = (server: string) => readServerAccess({ flags: { server }, env: { PACKRUN_TOKEN: "t" }, cwd: "/" });
  for (const good of ["https://a.example", "https://a.example:8443/x/", "http://localhost:1", "http://[::1]:7070"]) {
    t.match(await read(good), { ok: true, value: { token: "t" } }, good);
  }
  for (const bad of [
    "",
    "a.example",
    "ftp://a",
    "http://a.example",
    "https://u:pass-word@a",
    "https://a/?t=pass-word",
  ]) {
    const refused = await read(bad);
    t.match(refused, { ok: false, fault: { code: "SERVER_ADDRESS" } }, bad);
    t.notMatch(JSON.stringify(refused), "pass-word");
  }
  t.match(await readServerAccess({ flags: {}, env: {}, cwd: "/" }), { ok: true, value: undefined });
});
