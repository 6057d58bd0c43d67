import { generateKeyPairSync } from "node:crypto";
import { request as httpRequest } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import t from "tap";
import { issueToken } from "#api/issue-token.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "#api/local-issuer.ts";
import { routeTable } from "#api/route-table.ts";
import type { GuardedRoute, Route } from "#api/route.ts";
import { SCOPES } from "#api/scope.ts";
import { apiWorld, tenantOf, type ApiWorld } from "./api-world.ts";

const world: ApiWorld = await apiWorld(t, { limits: { refusedPerMinute: 100_000 } });
const { runId } = await world.run({
  approvals: { go: { required: 1, from: ["approver"], ttl: "1h", reasonRequired: true } },
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
  const answer = await world.get("/api/runs", { Origin: "https://elsewhere.example" });
  t.equal(answer.headers.get("x-content-type-options"), "nosniff");
  t.match(answer.headers.get("content-security-policy"), "default-src 'self'");
  t.equal(answer.headers.get("access-control-allow-origin"), null);
  t.equal(answer.headers.get("x-powered-by"), null);
});

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
