import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer, request as httpRequest, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import t from "tap";
import { authenticator } from "#api/authenticate.ts";
import { hostCheck } from "#api/host-check.ts";
import { issueToken } from "#api/issue-token.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "#api/local-issuer.ts";
import { routeTable } from "#api/route-table.ts";
import type { GuardedRoute, Route } from "#api/route.ts";
import { SCOPES } from "#api/scope.ts";
import { apiWorld, tenantOf, type ApiWorld } from "./api-world.ts";

const world: ApiWorld = await apiWorld(t, { limits: { refusedPerMinute: 100_000 } });
const GATE = { required: 1, from: ["approver"], ttl: "1h", reasonRequired: true };
const { runId } = await world.run({
  approvals: { go: GATE },
  steps: [{ id: "ok", gate: { approval: "go" } }],
});
const isGuarded = (route: Route): route is GuardedRoute => route.scope !== undefined;
const guardedRoutes = routeTable.filter(isGuarded);
const now = Math.floor(Date.now() / 1000);

function pathOf({ path }: Route): string {
  const values: Readonly<Record<string, string>> = {
    runId,
    gateId: "ok",
    id: "1",
    name: "acme/tool",
    version: "1.0.0",
  };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? name);
}

/** A body that would do, were its bearer somebody who may send it. */
function bodyOf(route: Route): { readonly body?: string; readonly headers: Readonly<Record<string, string>> } {
  if (route.body === undefined) {
    return { headers: {} };
  }
  const type = route.body.kind === "json" ? "application/json" : (route.body.mediaTypes[0] ?? "");
  return { body: "{}", headers: { "Content-Type": type } };
}

async function ask(
  route: Route,
  authorization?: string,
): Promise<{ status: number; code: string; text: string; challenge: string | null }> {
  const { body, headers } = bodyOf(route);
  const response = await fetch(`${world.server.url}${pathOf(route)}`, {
    method: route.method.toUpperCase(),
    headers: { ...headers, ...(authorization === undefined ? {} : { Authorization: authorization }) },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const isProblem = response.headers.get("content-type") === "application/problem+json";
  const code = isProblem ? (JSON.parse(text) as { code: string }).code : "";
  return { status: response.status, code, text, challenge: response.headers.get("www-authenticate") };
}

const claims = { tenant: "default", scope: SCOPES.join(" ") };
const unsigned = (header: object, payload: object): string =>
  [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
const payload = { iss: LOCAL_ISSUER, aud: LOCAL_AUDIENCE, sub: "eve", exp: now + 600, ...claims };
const stranger = await generateKeyPair("ES256");
const jwk = await exportJWK((await generateKeyPair("EdDSA", { extractable: true })).publicKey);
const signed = (
  header: { alg: string; kid?: string },
  key: Parameters<SignJWT["sign"]>[0],
  change: object = {},
): Promise<string> => new SignJWT({ ...payload, ...change }).setProtectedHeader(header).sign(key);

/** What no route takes, and why. */
const refused: readonly (readonly [what: string, authorization: string | undefined, code: string])[] = [
  ["no token", undefined, "TOKEN_MISSING"],
  ["another scheme", "Basic YTpi", "TOKEN_MISSING"],
  ["no JWT", "Bearer abc", "TOKEN_INVALID"],
  ["a token that has expired", `Bearer ${await world.token({ now: Date.now() - 3_600_000 })}`, "TOKEN_INVALID"],
  ["a token that is not yet valid", `Bearer ${await world.token({ now: Date.now() + 3_600_000 })}`, "TOKEN_INVALID"],
  ["a token for others", `Bearer ${await world.token({ audience: "elsewhere" })}`, "TOKEN_INVALID"],
  ["a token of an unknown issuer", `Bearer ${await world.token({ issuer: "https://elsewhere" })}`, "TOKEN_INVALID"],
  ["alg none", `Bearer ${unsigned({ alg: "none" }, payload)}.`, "TOKEN_INVALID"],
  ["alg none with a signature", `Bearer ${unsigned({ alg: "none" }, payload)}.AAAA`, "TOKEN_INVALID"],
  [
    "a shared secret made of the public key",
    `Bearer ${await signed({ alg: "HS256", kid: world.key.kid }, Buffer.from(JSON.stringify(jwk)))}`,
    "TOKEN_INVALID",
  ],
  [
    "another key under the issuer's id",
    `Bearer ${await signed({ alg: "ES256", kid: world.key.kid }, stranger.privateKey)}`,
    "TOKEN_INVALID",
  ],
  ["another key without an id", `Bearer ${await signed({ alg: "ES256" }, stranger.privateKey)}`, "TOKEN_INVALID"],
  [
    "an algorithm that is not taken",
    `Bearer ${await signed({ alg: "ES384" }, generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey)}`,
    "TOKEN_INVALID",
  ],
  [
    "no tenant",
    `Bearer ${await signed({ alg: "ES256", kid: world.key.kid }, world.key.key, { tenant: undefined })}`,
    "TOKEN_INVALID",
  ],
  [
    "a tenant that is none",
    `Bearer ${await signed({ alg: "ES256", kid: world.key.kid }, world.key.key, { tenant: "../x" })}`,
    "TOKEN_INVALID",
  ],
  [
    "no end",
    `Bearer ${await signed({ alg: "ES256", kid: world.key.kid }, world.key.key, { exp: undefined })}`,
    "TOKEN_INVALID",
  ],
  [
    "scopes that are no text",
    `Bearer ${await signed({ alg: "ES256", kid: world.key.kid }, world.key.key, { scope: SCOPES })}`,
    "TOKEN_INVALID",
  ],
  ["a token without end", `Bearer ${"a".repeat(9000)}`, "TOKEN_INVALID"],
];

t.test("there are guarded routes, and what is open shows nothing of a tenant", async (t) => {
  t.ok(guardedRoutes.length > 8);
  t.strictSame(
    routeTable
      .filter((route) => !isGuarded(route))
      .map(({ path }) => path)
      .toSorted(),
    ["/.well-known/openapi", "/livez", "/metrics", "/readyz"],
  );
  t.ok(routeTable.every((route) => isGuarded(route) === route.path.startsWith("/api/")));
});

t.test("a process that only drives runs tells whether it is well and what it counted, and no more", async (t) => {
  const { url } = await world.another({ onlyHealth: true });
  const answered: string[] = [];
  for (const path of new Set(routeTable.map((route) => route.path))) {
    const { status } = await fetch(`${url}${path}`);
    if (status !== 404) {
      answered.push(path);
    }
  }
  t.strictSame(answered.toSorted(), ["/livez", "/metrics", "/readyz"]);
});

t.test("who somebody is, and what they may, is told in texts alone", async (t) => {
  const [route] = guardedRoutes;
  if (route === undefined) {
    throw new Error("no route is guarded");
  }
  for (const claim of ["iss", "aud", "sub", "tenant", "scope"]) {
    for (const value of [5, 0, true, false, null, {}, ["ci"], ...(claim === "scope" ? [] : ["", "\ud800"])]) {
      const token = await signed({ alg: "ES256", kid: world.key.kid }, world.key.key, { [claim]: value });
      const { status, code } = await ask(route, `Bearer ${token}`);
      t.match({ status, code }, { status: 401, code: "TOKEN_INVALID" }, `${claim} ${JSON.stringify(value)}`);
    }
  }
});

for (const route of guardedRoutes) {
  t.test(`${route.method.toUpperCase()} ${route.path} is for bearers of ${route.scope} alone`, async (t) => {
    for (const [what, authorization, code] of refused) {
      const answer = await ask(route, authorization);
      t.equal(answer.status, 401, what);
      t.equal(answer.code, code, what);
      t.match(answer.challenge, /^Bearer realm="packrun"/, what);
      t.notMatch(answer.text, / at .*\.ts|node:/, what);
    }
    const scopes = SCOPES.filter((scope) => scope !== route.scope);
    const other = await ask(route, `Bearer ${await world.token({ scopes })}`);
    t.equal(other.status, 403);
    t.equal(other.code, "TOKEN_SCOPE");
    t.match(other.challenge, `error="insufficient_scope", scope="${route.scope}"`);
    const none = await ask(route, `Bearer ${await world.token({ scopes: [] })}`);
    t.equal(none.code, "TOKEN_SCOPE");
  });

  if (route.path.includes("{runId}")) {
    t.test(`${route.method.toUpperCase()} ${route.path} does not know runs of other tenants`, async (t) => {
      const answer = await ask(route, `Bearer ${await world.token({ tenantId: tenantOf("team-b") })}`);
      if (route.body?.kind === "json" && answer.status === 422) {
        t.equal(answer.code, "BODY_INVALID", "the body is looked at first, which says nothing of the run");
        return;
      }
      t.equal(answer.status, 404);
      t.equal(answer.code, "RUN_UNKNOWN");
    });
  }
}

t.test("a list shows no run of another tenant, and a clock may be a minute off", async (t) => {
  const list = async (token: string): Promise<number> => {
    const answer = await world.get("/api/runs", { Authorization: `Bearer ${token}` });
    return ((await answer.json()) as { items: readonly unknown[] }).items.length;
  };
  t.equal(await list(await world.token()), 1);
  t.equal(await list(await world.token({ tenantId: tenantOf("team-b") })), 0);
  const late = await world.token({ now: Date.now() - 630_000 });
  t.equal((await world.get("/api/runs", { Authorization: `Bearer ${late}` })).status, 200, "expired 30 s ago");
});

t.test("a key of the set that has no name checks tokens that name none", async (t) => {
  const token = await issueToken(
    {
      issuer: LOCAL_ISSUER,
      audience: LOCAL_AUDIENCE,
      subject: "alice",
      tenantId: tenantOf("default"),
      scopes: ["packs.read"],
      now: Date.now(),
      ttlMs: 60_000,
    },
    world.key,
  );
  t.equal((await world.get("/api/packs", { Authorization: `Bearer ${token}` })).status, 200);
});

t.test("unknown paths and methods are problems, and nothing of a request is echoed into the log", async (t) => {
  const nowhere = await fetch(`${world.server.url}/api/secret-path?token=hunter2`);
  t.equal(nowhere.status, 404);
  t.match(await nowhere.json(), { code: "ROUTE_UNKNOWN", status: 404, type: /ROUTE_UNKNOWN$/ });
  const wrong = await fetch(`${world.server.url}/api/runs/${runId}`, { method: "DELETE" });
  t.equal(wrong.status, 405);
  t.equal(wrong.headers.get("allow"), "GET, HEAD");
  t.match(await wrong.json(), { code: "METHOD_NOT_ALLOWED" });
  t.notMatch(world.logged.join("\n"), /hunter2|secret-path|Bearer|eyJ/);
});

t.test("helmet's headers are there, CORS and the name of the server's software are not", async (t) => {
  const answer = await world.get("/api/runs");
  t.equal(answer.headers.get("x-content-type-options"), "nosniff");
  t.match(answer.headers.get("content-security-policy"), "default-src 'self'");
  t.equal(answer.headers.get("access-control-allow-origin"), null);
  t.equal(answer.headers.get("x-powered-by"), null);
});

/** Asks as a browser would that was told another name or stands on another page. */
async function asBrowser(
  headers: Readonly<Record<string, string>>,
  path: string,
  url: string = world.server.url,
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; text: string }>();
  const { port, hostname } = new URL(url);
  const authorization = { Authorization: `Bearer ${await world.token()}` };
  const sent = httpRequest({ port, host: hostname, path, headers: { ...authorization, ...headers } });
  sent.once("error", reject).once("response", (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => (text += part));
    response.once("end", () => resolve({ status: response.statusCode, text }));
  });
  sent.end();
  return promise;
}

t.test("a page of a browser cannot reach the server under a name of its own, nor from another page", async (t) => {
  const { port, host } = new URL(world.server.url);
  for (const name of [
    "elsewhere.example",
    `elsewhere.example:${port}`,
    "127.0.0.1.elsewhere.example",
    "[::2]",
    "0.0.0.0",
    "a b",
  ]) {
    for (const path of ["/api/runs", "/metrics", "/.well-known/openapi", "/nowhere"]) {
      const answer = await asBrowser({ Host: name }, path);
      t.equal(answer.status, 421, `${name} ${path}`);
      t.match(answer.text, /HOST_REFUSED/);
    }
  }
  for (const name of [host, `localhost:${port}`, "LOCALHOST", `[::1]:${port}`, "127.9.9.9"]) {
    t.equal((await asBrowser({ Host: name }, "/api/runs")).status, 200, name);
  }
  for (const origin of [
    "https://elsewhere.example",
    "null",
    "http://localhost:1",
    `http://${host}.evil`,
    `http://${host}/`,
  ]) {
    const answer = await asBrowser({ Origin: origin }, "/livez");
    t.equal(answer.status, 403, origin);
    t.match(answer.text, /ORIGIN_REFUSED/);
  }
  t.equal((await asBrowser({ Origin: `http://${host}` }, "/api/runs")).status, 200, "its own page");
  t.equal((await asBrowser({ Host: "10.1.2.3" }, "/livez")).status, 200, "probes may call it anything");
});

t.test("a server that others reach is asked under any name, or under those that it is given", async (t) => {
  const any = hostCheck("0.0.0.0", undefined);
  t.equal(any({ host: "packs.example" }), undefined);
  t.match(any({ host: "packs.example", origin: "https://elsewhere.example" }), { code: "ORIGIN_REFUSED" });
  t.equal(any({ host: "packs.example", origin: "https://packs.example" }), undefined);
  t.equal(any({ host: "packs.example:443", origin: "https://packs.example" }), undefined);
  const named = hostCheck("0.0.0.0", ["Packs.example"]);
  t.equal(named({ host: "packs.example:8443" }), undefined);
  t.match(named({ host: "elsewhere.example" }), { code: "HOST_REFUSED" });
  t.match(named({}), { code: "HOST_REFUSED" });
});

t.test(
  "metrics name packs of all tenants: elsewhere than on loopback they are for tokens of packs.admin",
  async (t) => {
    const guarded = await world.another({ metrics: "token" });
    const ask = async (server: { readonly url: string }, token?: string): Promise<number> =>
      (
        await fetch(
          `${server.url}/metrics`,
          token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } },
        )
      ).status;
    t.equal(await ask(guarded), 401);
    t.equal(await ask(guarded, await world.token({ scopes: ["packs.read"] })), 403);
    t.equal(await ask(guarded, await world.token({ scopes: ["packs.admin"] })), 200);
    t.equal(await ask(await world.another({ metrics: "off" }), await world.token()), 404);
    t.equal(await ask(await world.another({ host: "0.0.0.0" })), 401);
    t.equal(await ask(world.server), 200);
  },
);

t.test("one bearer has so many requests open, and no other bearer waits for that", async (t) => {
  const server = await world.another({ limits: { openRequests: 2, openUploads: 1, heartbeatMs: 50 } });
  const { runId: waiting } = await world.run({
    approvals: { go: GATE },
    steps: [{ id: "ok", gate: { approval: "go" } }],
  });
  const controller = new AbortController();
  const follow = async (subject: string): Promise<Response> =>
    fetch(`${server.url}/api/runs/${waiting}/logs`, {
      headers: { Authorization: `Bearer ${await world.token({ subject })}` },
      signal: controller.signal,
    });
  t.equal((await follow("ann")).status, 200);
  t.equal((await follow("ann")).status, 200);
  const third = await follow("ann");
  t.equal(third.status, 429);
  t.match(await third.json(), { code: "BEARER_BUSY" });
  t.equal(third.headers.get("retry-after"), "1");
  t.equal((await follow("bob")).status, 200);
  controller.abort();
});

t.test("every algorithm that is taken makes good tokens, and what a token brings along is no key", async (t) => {
  const made = await Promise.all(
    (["EdDSA", "ES256", "RS256"] as const).map(async (alg) => {
      const pair = await generateKeyPair(alg, { extractable: true });
      return { alg, ...pair, jwk: { ...(await exportJWK(pair.publicKey)), kid: `of-${alg}` } };
    }),
  );
  const jwksFile = world.place.write("issuer/jwks.json", JSON.stringify({ keys: made.map(({ jwk }) => jwk) }));
  const server = await world.another({ issuers: [{ issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, jwksFile }] });
  const status = async (token: string): Promise<number> =>
    (await fetch(`${server.url}/api/runs`, { headers: { Authorization: `Bearer ${token}` } })).status;
  for (const { alg, privateKey } of made) {
    t.equal(await status(await signed({ alg, kid: `of-${alg}` }, privateKey)), 200, alg);
    t.equal(await status(await signed({ alg }, privateKey)), 200, `${alg}, which names no key`);
    const other = made.find((each) => each.alg !== alg);
    t.equal(await status(await signed({ alg, kid: `of-${other?.alg}` }, privateKey)), 401, "under another key's name");
  }
  const own = await generateKeyPair("ES256", { extractable: true });
  const header = { alg: "ES256", jwk: await exportJWK(own.publicKey), jku: "https://elsewhere.example/keys" };
  t.equal(await status(await new SignJWT(payload).setProtectedHeader(header).sign(own.privateKey)), 401);
  for (const kid of ["../../../dev/null", "__proto__", "' OR 1=1", ""]) {
    t.equal(await status(await signed({ alg: "ES256", kid }, own.privateKey)), 401, kid);
  }
  const crit = { alg: "ES256", kid: "of-ES256", crit: ["x"], x: 1 };
  const token = [crit, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  t.equal(await status(`${token}.AAAA`), 401);
  const inQuery = await fetch(`${server.url}/api/runs?access_token=${await world.token()}`);
  t.equal(inQuery.status, 401, "a token in an address is none");
});

t.test(
  "keys are fetched from their own address only, within a size, and not again at once after a failure",
  async (t) => {
    let asked = 0;
    let answer: (response: ServerResponse) => void = (response) => response.writeHead(302, { Location: "/real" }).end();
    const keys = createServer((_, response) => {
      asked += 1;
      answer(response);
    }).listen(0, "127.0.0.1");
    t.teardown(() => keys.close());
    await once(keys, "listening");
    const jwksUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`;
    let now = Date.now();
    const issuer = { issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, jwksUrl };
    const authenticate = await authenticator([issuer], undefined, () => now);
    const ask = async (): Promise<string> => {
      const who = await authenticate(`Bearer ${await world.token()}`);
      return who.ok ? "ok" : who.fault.code;
    };
    t.equal(await ask(), "TOKEN_KEYS", "a redirect");
    t.equal(await ask(), "TOKEN_KEYS");
    t.equal(asked, 1, "made-up tokens do not hammer the issuer");
    now += 6000;
    answer = (response) => response.end(`{"keys":[${" ".repeat(400_000)}]}`);
    t.equal(await ask(), "TOKEN_KEYS", "larger than keys are");
    now += 6000;
    answer = (response) => createReadStream(world.key.jwksFile).pipe(response);
    t.equal(await ask(), "ok");
    t.equal(asked, 3);
  },
);

t.test("what is no HTTP is answered and closed", async (t) => {
  const { port } = new URL(world.server.url);
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const sent = httpRequest({ port, host: "127.0.0.1", path: "/api/runs", headers: { "X-Large": "a".repeat(40_000) } });
  sent.once("response", (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  sent.once("error", () => resolve(undefined));
  sent.end();
  t.equal(await promise, 431);
});
