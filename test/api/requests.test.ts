import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import t from "tap";
import { authenticator } from "#api/authenticate.ts";
import { httpApp } from "#api/http-app.ts";
import { LIMITS, startHttpServer } from "#api/http-server.ts";
import { RunFeeds } from "#api/run-feed.ts";
import { SCOPES } from "#api/scope.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "#api/local-issuer.ts";
import { apiWorld, tenantOf, type ApiWorld } from "./api-world.ts";

const world: ApiWorld = await apiWorld(t, {
  limits: { bodyMs: 300, bodyBytes: 4096, artifactBytes: 100_000 },
  loopback: { token: "of-the-operator", tenantId: tenantOf("default") },
});
const { send, place } = world;
const upload = await world.upload({ steps: [{ id: "a", run: { command: ["true"] } }] });
const order = { pack: { upload }, inputs: {} };
let keys = 0;
const fresh = (): Record<string, string> => ({ "Idempotency-Key": `key-${(keys += 1)}` });

async function problem(response: Promise<Response>): Promise<Record<string, unknown>> {
  const answer = await response;
  const body = (await answer.json()) as Record<string, unknown>;
  t.equal(answer.headers.get("content-type"), "application/problem+json");
  t.equal(body["status"], answer.status);
  return body;
}

t.test("an order becomes a run that waits in the queue, and plans and simulations keep nothing", async (t) => {
  const plan = (await (await send("/api/plans", order)).json()) as { planHash: string };
  t.match(plan, { schemaVersion: 1, pack: { name: "acme/small" }, steps: [{ id: "a", kind: "run" }], gates: [] });
  t.match(await (await send("/api/simulations", order)).json(), { schemaVersion: 1, planHash: plan.planHash });
  const answer = await send(
    "/api/runs",
    { ...order, planHash: plan.planHash, tenantId: "default", priority: 5 },
    fresh(),
  );
  t.equal(answer.status, 202);
  const run = (await answer.json()) as { runId: string };
  t.match(run, { schemaVersion: 1, planHash: plan.planHash, status: "pending" });
  t.equal(answer.headers.get("location"), `/api/runs/${run.runId}`);
  const seen = (await (await world.get(`/api/runs/${run.runId}`)).json()) as object;
  t.match(seen, { status: "pending", queue: { eligible: true, slaState: "on_track", position: 1 } });
  t.equal((await send(`/api/runs/${run.runId}/cancel`, { reason: "not now" })).status, 202);
  t.match(await problem(send(`/api/runs/${run.runId}/cancel`, {})), { status: 409, code: "RUN_FINISHED" });
  t.match(await problem(send(`/api/runs/${run.runId}/resume`, {})), { status: 409, code: "RUN_FINISHED" });
});

t.test("orders that cannot be are refused with the code of the command line", async (t) => {
  const refused = (body: unknown): Promise<Record<string, unknown>> => problem(send("/api/runs", body, fresh()));
  t.match(await refused({ ...order, tenantId: "team-b" }), { status: 403, code: "TENANT_MISMATCH" });
  t.match(await refused({ ...order, planHash: `sha256:${"0".repeat(64)}` }), {
    status: 409,
    code: "PLAN_HASH_MISMATCH",
  });
  t.match(await refused({ pack: { ref: "acme/none@1.0.0" }, inputs: {} }), { status: 404, code: "REGISTRY_UNKNOWN" });
  t.match(await refused({ pack: { upload: `sha256:${"0".repeat(64)}` }, inputs: {} }), {
    status: 404,
    code: "UPLOAD_UNKNOWN",
  });
  t.match(await refused({ ...order, inputs: { colour: "red" } }), {
    status: 422,
    code: "INPUT_UNKNOWN",
    errors: [{ pointer: "/inputs/colour", message: /^(?!request)/ }],
  });
  const tree = await world.upload({
    inputs: { tree: { type: "directory" }, name: { type: "string" } },
    steps: [{ id: "a", run: { command: ["true"] } }],
  });
  const bytes = new TextEncoder().encode("no listing");
  const put = await send("/api/artifacts", bytes, { "Content-Type": "application/octet-stream" });
  const { digest: stored } = (await put.json()) as { digest: string };
  const noTree = await refused({ pack: { upload: tree }, inputs: { tree: { artifact: stored }, name: "x" } });
  t.match(noTree, { status: 422, code: "ORDER_INPUT", hint: /listing/, errors: [{ pointer: "/inputs/tree" }] });
  t.notMatch(JSON.stringify(noTree), "/tmp");
  t.match(await refused({ ...order, secrets: ["NONE"] }), { status: 422, code: "SECRET_UNDECLARED" });
});

t.test("an order that takes over steps names a run of the same plan that is over, and its steps", async (t) => {
  const refused = (more: object): Promise<Record<string, unknown>> =>
    problem(send("/api/runs", { ...order, ...more }, fresh()));
  const { runId: from } = (await (await send("/api/runs", order, fresh())).json()) as { runId: string };
  t.match(await refused({ from }), { status: 409, code: "RUN_NOT_FINISHED" });
  t.equal((await send(`/api/runs/${from}/cancel`, {})).status, 202);
  t.match(await refused({ from, only: ["b"] }), { status: 422, code: "STEP_UNKNOWN" });
  const other = await world.upload({ steps: [{ id: "a", run: { command: ["false"] } }] });
  t.match(await refused({ pack: { upload: other }, from }), { status: 409, code: "PLAN_HASH_MISMATCH" });
  t.match(await refused({ from: "01a1ff6c-157a-706a-b6ff-c59795f5aa6c" }), { status: 404, code: "RUN_UNKNOWN" });
  t.match(await refused({ from: "last" }), { code: "BODY_INVALID", errors: [{ pointer: "/from" }] });
  t.match(await refused({ only: ["a"] }), { code: "BODY_INVALID", errors: [{ pointer: "/only" }] });
  const again = (await (await send("/api/runs", { ...order, from, only: ["a"] }, fresh())).json()) as { runId: string };
  const [created] = await Array.fromAsync(
    world.workplace.store.ledger.read({ tenantId: tenantOf("default"), runId: again.runId as never }),
  );
  t.match(created, { eventType: "run.created", metadata: { from } });
  t.equal((await send(`/api/runs/${again.runId}/cancel`, {})).status, 202);
});

t.test("bodies are strict: type, syntax, members that are unknown, missing or doubled, encoding, size", async (t) => {
  const refused = (body: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> =>
    problem(send("/api/runs", body, { ...fresh(), ...headers }));
  t.match(await refused('{"pack":'), { status: 400, code: "JSON_SYNTAX" });
  t.match(await refused("{}", { "Content-Type": "text/plain" }), { status: 415, code: "BODY_TYPE" });
  t.match(await refused("{}", { "Content-Encoding": "gzip" }), { status: 415, code: "BODY_TYPE" });
  t.match(await refused('{"pack":{"ref":"a@1.0.0"},"inputs":{},"inputs":{}}'), {
    status: 422,
    code: "BODY_INVALID",
    errors: [{ message: 'member "inputs" stands twice' }],
  });
  t.match(await refused('{"pack":{"name":"a"},"color":1}'), {
    code: "BODY_INVALID",
    errors: [
      { pointer: "/pack", message: 'unknown member "name"' },
      { pointer: "/pack", message: 'member "ref" is missing' },
      { pointer: "", message: 'unknown member "color"' },
      { pointer: "", message: 'member "inputs" is missing' },
    ],
  });
  t.match(await refused(JSON.stringify({ ...order, priority: 101 })), { errors: [{ pointer: "/priority" }] });
  t.match(await refused(`{"x":"${"y".repeat(5000)}"}`), { status: 413, code: "BODY_TOO_LARGE" });
  t.match(await problem(send("/api/runs", order)), {
    status: 400,
    code: "REQUEST_INVALID",
    detail: /Idempotency-Key is missing/,
  });
  t.match(await problem(send("/api/runs", order, { "Idempotency-Key": "a b" })), { code: "REQUEST_INVALID" });
});

t.test("what is nested too deep is refused with its place, whatever it is sent to", async (t) => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  const inputs = (depth: number): string => `{"pack":{"upload":"${upload}"},"inputs":{"v":${nested(depth)}}}`;
  const tooDeep = {
    status: 422,
    code: "BODY_INVALID",
    errors: [{ message: "the body may be nested at most 128 deep" }],
  };
  for (const path of ["/api/plans", "/api/simulations", "/api/runs"]) {
    t.match(await problem(send(path, inputs(126), fresh())), { status: 422, code: "INPUT_UNKNOWN" });
    const refused = await problem(send(path, inputs(200), fresh()));
    t.match(refused, { ...tooDeep, errors: [{ pointer: `/inputs/v${"/0".repeat(127)}` }], hint: String });
    t.match(await problem(send(path, inputs(1900), fresh())), tooDeep);
  }
  const envelope = `{"gateId":"a","planHash":"sha256:${"0".repeat(64)}","envelope":${nested(1900)}}`;
  for (const [command, body] of [
    ["approve", envelope],
    ["cancel", nested(2000)],
  ] as const) {
    t.match(await problem(send(`/api/runs/01a1ff6c-157a-706a-b6ff-c59795f5aa6c/${command}`, body)), tooDeep);
  }
});

t.test("where nothing of a body is needed it may be left away, or be empty", async (t) => {
  const headers = { Authorization: `Bearer ${await world.token()}` };
  const json = { ...headers, "Content-Type": "application/json" };
  const form = { ...headers, "Content-Type": "application/x-www-form-urlencoded" };
  const nothing = (): ReadableStream => new ReadableStream({ start: (to) => to.close() });
  const requests: readonly (readonly [string, () => RequestInit & { readonly duplex?: "half" }])[] = [
    ["no body", () => ({ headers })],
    ["no body of a type", () => ({ headers: json })],
    ["an empty body", () => ({ headers: json, body: "" })],
    ["an empty body of another type", () => ({ headers: form, body: "" })],
    ["chunks of nothing", () => ({ headers, body: nothing(), duplex: "half" })],
    ["chunks of nothing of a type", () => ({ headers: json, body: nothing(), duplex: "half" })],
  ];
  for (const [what, request] of requests) {
    const { runId } = (await (await send("/api/runs", order, fresh())).json()) as { runId: string };
    for (const [command, code] of [
      ["resume", 202],
      ["cancel", 202],
      ["snapshot", 409],
    ] as const) {
      const answer = await fetch(`${world.server.url}/api/runs/${runId}/${command}`, { method: "POST", ...request() });
      t.equal(answer.status, code, `${command} with ${what}: ${await answer.text()}`);
    }
  }
  const none = { method: "POST", headers: { ...json, ...fresh() } };
  t.match(await problem(fetch(`${world.server.url}/api/runs`, none)), { status: 400, code: "JSON_SYNTAX" });
  const cancel = "/api/runs/01a1ff6c-157a-706a-b6ff-c59795f5aa6c/cancel";
  t.match(await problem(send(cancel, "x", { "Content-Type": "text/plain" })), { status: 415, code: "BODY_TYPE" });
  const chunked = { method: "POST", headers, body: new Blob(["{}"]).stream(), duplex: "half" } as const;
  t.match(await problem(fetch(world.server.url + cancel, chunked)), { status: 415, code: "BODY_TYPE" });
  t.match(await problem(send(cancel, '{"why":1}')), { status: 422, code: "BODY_INVALID" });
});

t.test("a body without a length is held to the limit as well, and one that does not come times out", async (t) => {
  const chunked = await raw(["Transfer-Encoding: chunked"], `2000\r\n${"a".repeat(0x2000)}\r\n0\r\n\r\n`);
  t.match(chunked, /^HTTP\/1\.1 413 .*BODY_TOO_LARGE/s);
  const slow = await raw(["Content-Length: 10"], "{");
  t.match(slow, /^HTTP\/1\.1 408 .*BODY_SLOW/s);
});

/** Sends a request by hand, and gives all that is answered until the connection is closed. */
async function raw(headers: readonly string[], body: string): Promise<string> {
  const { port, hostname } = new URL(world.server.url);
  const socket: Socket = connect(Number(port), hostname);
  const head = [
    "POST /api/plans HTTP/1.1",
    `Host: ${hostname}`,
    "Content-Type: application/json",
    `Authorization: Bearer ${await world.token()}`,
    ...headers,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  socket.on("error", () => undefined);
  await once(socket, "close");
  return answer;
}

t.test("files are stored by digest, in constant memory, within a limit", async (t) => {
  const type = { "Content-Type": "application/octet-stream" };
  const stored = await send("/api/artifacts", new Uint8Array(50_000), type);
  t.equal(stored.status, 201);
  t.match(await stored.json(), { schemaVersion: 1, size: 50_000, digest: /^sha256:/ });
  t.match(await problem(send("/api/artifacts", new Uint8Array(200_000), type)), {
    status: 413,
    code: "BODY_TOO_LARGE",
  });
  t.match(await problem(send("/api/artifacts", {})), { status: 415, code: "BODY_TYPE" });
});

t.test(
  "the same key and body are answered the same, another body is refused, and so is a second at once",
  async (t) => {
    const key = fresh();
    const first = await send("/api/runs", order, key);
    const text = await first.text();
    const again = await send("/api/runs", order, key);
    t.equal(again.status, 202);
    t.equal(await again.text(), text);
    t.equal(again.headers.get("location"), first.headers.get("location"));
    t.equal(again.headers.get("idempotent-replayed"), "true");
    t.match(await problem(send("/api/runs", { ...order, priority: 1 }, key)), {
      status: 422,
      code: "IDEMPOTENCY_KEY_REUSED",
    });
    t.match(
      await problem(send("/api/runs", order, { ...key, Authorization: `Bearer ${await world.token()}` })),
      { status: 422, code: "BEARER_UNKNOWN" },
      "keys are a bearer's own, and whom the trust root does not know runs nothing",
    );
    const both = fresh();
    const answers = await Promise.all([send("/api/runs", order, both), send("/api/runs", order, both)]);
    t.ok(answers.some(({ status }) => status === 202));
    for (const late of answers.filter(({ status }) => status !== 202)) {
      t.equal(late.status, 409);
      t.match(await late.json(), { code: "IDEMPOTENCY_IN_FLIGHT" });
      t.equal(late.headers.get("retry-after"), "1");
    }
    const wrong = fresh();
    await (await send("/api/runs", { ...order, inputs: { colour: 1 } }, wrong)).text();
    t.equal((await send("/api/runs", order, wrong)).status, 202, "a refusal changed nothing, so the key is free");
  },
);

t.test("whoever asks too often, or with bad tokens, waits", async (t) => {
  const issuers = [{ issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, jwksFile: world.key.jwksFile }];
  const server = await world.another({ limits: { requestsPerMinute: 2, refusedPerMinute: 2 }, issuers });
  const headers = { Authorization: `Bearer ${await world.token()}` };
  const ask = (given: Record<string, string>): Promise<Response> =>
    fetch(`${server.url}/api/packs`, { headers: given });
  const first = await ask(headers);
  t.match(first.headers.get("ratelimit"), /r=1/);
  t.match(first.headers.get("ratelimit-policy"), /q=2; w=60/);
  await ask(headers);
  const third = await ask(headers);
  t.equal(third.status, 429);
  t.ok(Number(third.headers.get("retry-after")) > 0);
  t.match(await third.json(), { code: "RATE_LIMITED" });
  const other = { Authorization: `Bearer ${await world.token({ tenantId: tenantOf("team-b") })}` };
  t.equal((await ask(other)).status, 200, "another bearer has a count of its own");
  const unknown = await ask({});
  t.match(unknown.headers.get("ratelimit"), /"refused"; r=1;/);
  t.strictSame([unknown.status, (await ask({})).status], [401, 401]);
  const late = await ask({});
  t.equal(late.status, 429);
  t.ok(Number(late.headers.get("retry-after")) > 0);
  t.match(late.headers.get("ratelimit"), /r=0/);
  t.equal((await ask(other)).status, 200, "a good token is not kept waiting by bad ones");
});

t.test("an issuer whose keys cannot be had makes no token good, and says so", async (t) => {
  const issuers = [{ issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, jwksFile: place.here("nowhere.json") }];
  const server = await world.another({ issuers });
  const headers = { Authorization: `Bearer ${await world.token()}` };
  const answer = await fetch(`${server.url}/api/packs`, { headers });
  t.equal(answer.status, 503);
  t.match(await answer.json(), { code: "TOKEN_KEYS", hint: /jwksUrl/ });
});

t.test("keys come from an address as well", async (t) => {
  const { readFileSync } = await import("node:fs");
  const keys = createServer((_, response) => response.end(readFileSync(world.key.jwksFile))).listen(0, "127.0.0.1");
  await once(keys, "listening");
  t.teardown(() => keys.close());
  const { port } = keys.address() as { port: number };
  const issuers = [{ issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, jwksUrl: `http://127.0.0.1:${port}/jwks` }];
  const server = await world.another({ issuers });
  const headers = { Authorization: `Bearer ${await world.token()}` };
  t.equal((await fetch(`${server.url}/api/packs`, { headers })).status, 200);
});

t.test("a server that fails says nothing of how, and one whose place is taken does not start", async (t) => {
  const { service } = world;
  const broken = { ...service, plan: () => Promise.reject(new Error("hunter2 at /secret/path")) };
  const server = await world.another({ service: broken });
  const answer = await fetch(`${server.url}/api/plans`, {
    method: "POST",
    headers: { Authorization: `Bearer ${await world.token()}`, "Content-Type": "application/json" },
    body: JSON.stringify(order),
  });
  t.equal(answer.status, 500);
  const text = await answer.text();
  t.match(JSON.parse(text), { code: "SERVER_ERROR", hint: /log of the server/ });
  t.notMatch(text, /hunter2|secret/);
  const taken = await startHttpServer({
    listen: { host: "127.0.0.1", port: Number(new URL(server.url).port) },
    authenticate: await authenticator([], undefined, Date.now),
    service,
    requests: world.requests,
    log: () => undefined,
  });
  t.match(taken, { ok: false, fault: { code: "SERVE_LISTEN" } });
});

t.test("a server that cannot work is not ready, and one that ends takes nothing new", async (t) => {
  const { service } = world;
  const server = await world.another({
    service: { ...service, ready: async () => ({ ok: false, fault: { code: "X", message: "no" } }) },
  });
  const answer = await fetch(`${server.url}/readyz`);
  t.equal(answer.status, 503);
  t.match(await answer.json(), { code: "SERVER_UNREADY", hint: /log/ });
  const desk = {
    service,
    requests: world.requests,
    feeds: new RunFeeds(),
    limits: LIMITS,
    log: () => undefined,
    stopping: AbortSignal.abort(),
  };
  const bearer = { tenantId: tenantOf("default"), issuer: "x", subject: "y", scopes: SCOPES };
  const ending = createServer(httpApp(desk, async () => ({ ok: true, value: { bearer, claims: {} } })));
  ending.listen(0, "127.0.0.1");
  await once(ending, "listening");
  t.teardown(() => ending.close());
  const { port } = ending.address() as { port: number };
  for (const path of ["/api/runs", "/readyz"]) {
    const late = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { Connection: "close" } });
    t.equal(late.status, 503);
    t.match(await late.json(), { code: "SERVER_STOPPING", hint: /again/ });
  }
});
