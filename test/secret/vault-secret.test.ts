import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { SecretPlaces } from "#port/secrets.ts";
import type { Found } from "#secret/found.ts";
import { vaultSecret } from "#secret/vault-secret.ts";
import { localCertificate } from "./local-certificate.ts";
import { secretAnswer, TOKEN, vaultStandIn } from "./vault-stand-in.ts";

const folder = mkdtempSync(join(tmpdir(), "packrun-vault-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const tls = localCertificate(folder);
const env = { VAULT_TOKEN: TOKEN };

type More = {
  readonly vault?: SecretPlaces["vault"];
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

const VALUE = "vault-value";
const server = vaultStandIn(t, tls, {
  "/v1/secret/data/ci/deploy": secretAnswer({ token: `${VALUE}\n`, "a#b": "odd", number: 12_345, nested: { a: 1 } }),
  "/v1/team/kv/data/ci": secretAnswer({ token: "of a mount with two parts" }),
  "/v1/secret/data/sp%20ace/%C3%A9": secretAnswer({ token: "of an odd name" }),
  "/v1/secret/data/large": secretAnswer({ token: "x".repeat(33_000) }),
  "/v1/secret/data/huge": secretAnswer({ token: "x".repeat(1_100_000) }),
  "/v1/secret/data/version-one": { status: 200, body: { data: { token: VALUE } } },
  "/v1/secret/data/text": { status: 200, body: `not JSON: ${VALUE}` },
  "/v1/secret/data/null": { status: 200, body: "null" },
  "/v1/secret/data/deleted": { status: 404, body: { data: { data: null, metadata: { version: 1 } } } },
  "/v1/secret/data/sealed": { status: 503, body: { errors: ["Vault is sealed"] } },
  "/v1/secret/data/moved": { status: 307, headers: { Location: "/v1/secret/data/ci/deploy" } },
  "/v1/secret/data/silent": "hang",
  "/v1/secret/data/torn": (response) => {
    response.writeHead(200, { "Content-Length": "100" });
    response.write("{");
    setImmediate(() => response.destroy());
  },
});

async function ask(locator: string, { vault = {}, env: given = env, signal }: More = {}): Promise<Found> {
  const { address } = await server;
  const places = { commands: {}, vault: { address, caFile: tls.ca, ...vault } };
  return vaultSecret(locator, places, given, signal ?? new AbortController().signal);
}

t.test("a key of a secret is asked for by the server's own path, with token and namespace", async (t) => {
  t.same(await ask("secret/ci/deploy#token"), { value: `${VALUE}\n` }, "the value as it is");
  t.same(await ask("secret/data/ci/deploy#token"), { value: `${VALUE}\n` }, "also as the server writes its path");
  t.same(await ask("team/kv/data/ci#token"), { value: "of a mount with two parts" });
  t.same(await ask("secret/sp ace/é#token"), { value: "of an odd name" });
  await ask("secret/ci/deploy#token", { vault: { namespace: "team-a" } });
  const last = (await server).asked.at(-1);
  t.match(last, { method: "GET", headers: { "x-vault-token": TOKEN, "x-vault-namespace": "team-a" } });
  const { address } = await server;
  t.same(await ask("secret/ci/deploy#token", { vault: { address: `${address}/` } }), { value: `${VALUE}\n` });
});

t.test("the token comes from VAULT_TOKEN, else from a file that is this user's alone", async (t) => {
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o600 });
  t.same(await ask("secret/ci/deploy#token", { env: {}, vault: { tokenFile } }), { value: `${VALUE}\n` });
  t.match(await ask("secret/ci/deploy#token", { env: { VAULT_TOKEN: "hvs.other" }, vault: { tokenFile } }), {
    trouble: "SECRET_UNRESOLVED",
    problem: /403/,
  });
  chmodSync(tokenFile, 0o644);
  const wrong = [
    { env: {}, vault: { tokenFile } },
    { env: {}, vault: { tokenFile: join(folder, "absent") } },
    { env: {} },
    { env: { VAULT_TOKEN: "" } },
    { env: { VAULT_TOKEN: "two\r\nX-Other: lines" } },
  ];
  for (const more of wrong) {
    t.match(await ask("secret/ci/deploy#token", more), { trouble: "SECRET_PROVIDER" }, JSON.stringify(more));
  }
});

t.test("only https with a certificate that holds is asked, and the environment cannot say otherwise", async (t) => {
  const { address, asked } = await server;
  const before = asked.length;
  const port = new URL(address).port;
  for (const other of [
    `http://localhost:${port}`,
    `http://127.0.0.1:${port}`,
    "localhost",
    "https://a:b@localhost",
    "",
  ]) {
    t.match(await ask("secret/ci/deploy#token", { vault: { address: other } }), { trouble: "SECRET_PROVIDER" }, other);
  }
  const { NODE_TLS_REJECT_UNAUTHORIZED: was } = process.env;
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  t.teardown(() => {
    if (was === undefined) {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
  });
  const untrusted = await vaultSecret(
    "secret/ci/deploy#token",
    { commands: {}, vault: { address } },
    { ...env, VAULT_SKIP_VERIFY: "1" },
    new AbortController().signal,
  );
  t.match(untrusted, { trouble: "SECRET_UNREACHABLE", problem: /^[A-Z_]+$/ });
  const misnamed = await ask("secret/ci/deploy#token", { vault: { address: `https://127.0.0.1:${port}` } });
  t.match(misnamed, { trouble: "SECRET_UNREACHABLE", problem: "ERR_TLS_CERT_ALTNAME_INVALID" });
  t.match(await ask("secret/ci/deploy#token", { vault: { caFile: join(folder, "absent") } }), {
    trouble: "SECRET_PROVIDER",
  });
  t.equal(asked.length, before, "no token went there");
});

t.test("what the server does not give is told without what it said", async (t) => {
  const cases: Readonly<Record<string, string>> = {
    "secret/ci/deploy#absent": "SECRET_UNRESOLVED",
    "secret/ci/deploy#toString": "SECRET_UNRESOLVED",
    "secret/ci/deploy#number": "SECRET_UNRESOLVED",
    "secret/ci/deploy#nested": "SECRET_UNRESOLVED",
    "secret/absent#token": "SECRET_UNRESOLVED",
    "secret/deleted#token": "SECRET_UNRESOLVED",
    "secret/version-one#token": "SECRET_UNRESOLVED",
    "secret/text#token": "SECRET_UNRESOLVED",
    "secret/null#token": "SECRET_UNRESOLVED",
    "secret/large#token": "SECRET_TOO_LARGE",
    "secret/huge#token": "SECRET_TOO_LARGE",
    "secret/sealed#token": "SECRET_UNREACHABLE",
    "secret/moved#token": "SECRET_UNREACHABLE",
    "secret/torn#token": "SECRET_UNREACHABLE",
    "secret#token": "SECRET_PROVIDER",
    "secret/ci": "SECRET_PROVIDER",
    "secret/ci#": "SECRET_PROVIDER",
    "secret//ci#token": "SECRET_PROVIDER",
    "secret/../sys/ci#token": "SECRET_PROVIDER",
  };
  for (const [locator, trouble] of Object.entries(cases)) {
    const found = await ask(locator);
    t.match(found, { trouble }, locator);
    t.notMatch(JSON.stringify(found), new RegExp(`${VALUE}|${TOKEN}|sealed|localhost`));
  }
  t.match(await ask("secret/ci/deploy#token", { vault: { address: "https://localhost:1" } }), {
    trouble: "SECRET_UNREACHABLE",
    problem: "ECONNREFUSED",
  });
});

t.test("a server that does not answer is given up", async (t) => {
  const giveUp = new AbortController();
  const asking = ask("secret/silent#token", { signal: giveUp.signal });
  const { asked } = await server;
  while (asked.at(-1)?.path !== "/v1/secret/data/silent") {
    await new Promise((resolve) => setImmediate(resolve));
  }
  giveUp.abort();
  t.match(await asking, { trouble: "SECRET_TIMEOUT" });
});
