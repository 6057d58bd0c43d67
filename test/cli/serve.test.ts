import { readFileSync, statSync } from "node:fs";
import { decodeJwt } from "jose";
import t from "tap";
import { isLoopback } from "#api/host-check.ts";
import { readListen } from "#cli/listen-address.ts";
import { packrun } from "./command-line.ts";
import { Place, until } from "./place.ts";

t.test("a server on loopback makes a token for its user, answers with it, and ends on SIGTERM with 0", async (t) => {
  const place = new Place(t);
  const running = place.start(["serve", "--listen", "127.0.0.1:0"]);
  const url = await until("the server", () => /^listening on (\S+)$/m.exec(running.out())?.[1]);
  const file = place.here(".packrun/server/token");
  const token = readFileSync(file, "utf8").trim();
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.match(running.out(), `token ${token}\n`);
  const list = await fetch(`${url}/api/runs`, { headers: { Authorization: `Bearer ${token}` } });
  t.match(await list.json(), { schemaVersion: 1, items: [] });
  t.equal((await fetch(`${url}/api/runs`)).status, 401);
  running.child.kill("SIGTERM");
  t.equal((await running.ended).code, 0);
  const lines = running
    .err()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.match(
    lines.map(({ event }) => event),
    ["server.started", "request", "request", "server.ending", "server.ended"],
  );
  for (const line of lines) {
    t.match(line, { ts: String, level: String, event: String, lane: "api", data: Object });
  }
  t.notMatch(running.err(), token);
});

t.test("what is thrown where nobody waits for it ends the process in plain words", async (t) => {
  const place = new Place(t);
  const thrower = "setTimeout(() => { throw new Error('a bug of a timer') }, 500)";
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(thrower)}`;
  const { code, err } = await place.start(["serve", "--listen", "127.0.0.1:0"], { NODE_OPTIONS }).ended;
  t.equal(code, 1);
  t.match(err, "packrun: internal error: a bug of a timer\n  = help: the ledger is intact");
  t.notMatch(err, /^ +at /m, "no stack without PACKRUN_DEBUG=1");
});

t.test("a server that nobody could be kept from does not start", async (t) => {
  const place = new Place(t);
  const open = packrun(place.folder, "serve", "--listen", "0.0.0.0:0");
  t.equal(open.code, 2);
  t.match(open.err, "SERVE_UNAUTHENTICATED");
  const nowhere = packrun(place.folder, "serve", "--listen", "7070");
  t.equal(nowhere.code, 2);
  t.match(nowhere.err, "SERVE_LISTEN");
});

t.test("the local issuer makes tokens that say who, for what and how long", async (t) => {
  const place = new Place(t);
  const args = ["token", "issue", "--subject", "ci", "--scope", "packs.run,packs.read", "--ttl", "10m", "--json"];
  const issued = packrun(place.folder, ...args, "--tenant", "team-a");
  t.equal(issued.code, 0, issued.err);
  const answer = JSON.parse(issued.out) as { token: string; jwksFile: string };
  const claims = decodeJwt(answer.token);
  t.match(claims, { iss: "packrun:local", aud: "packrun", sub: "ci", tenant: "team-a", scope: "packs.read packs.run" });
  t.equal((claims.exp ?? 0) - (claims.iat ?? 0), 600);
  t.match(JSON.parse(readFileSync(answer.jwksFile, "utf8")), {
    keys: [{ kty: "EC", crv: "P-256", alg: "ES256", d: undefined }],
  });
  t.equal(statSync(place.here(".packrun/server/issuer.key")).mode & 0o777, 0o600);
  for (const wrong of [
    ["--scope", "all"],
    ["--scope", "packs.read", "--ttl", "2d"],
    ["--scope", "packs.read", "--gate", "ok"],
  ]) {
    t.equal(packrun(place.folder, "token", "issue", "--subject", "ci", ...wrong).code, 2, wrong.join(" "));
  }
});

t.test("where keys and tokens cannot be kept, that is said of the folder", async (t) => {
  const place = new Place(t);
  const file = place.write(".packrun/server", "no folder");
  for (const args of [
    ["token", "issue", "--subject", "ci", "--scope", "packs.run"],
    ["serve", "--listen", "127.0.0.1:0"],
  ]) {
    const { code, err } = packrun(place.folder, ...args);
    t.equal(code, 10, args.join(" "));
    t.match(err, `error[STORE_UNAVAILABLE]: the store cannot be used: ${file}/`);
    t.match(err, /= help: check that the folder exists/);
  }
});

t.test("an address is a host and a port, and loopback is what only this host reaches", async (t) => {
  t.match(readListen("127.0.0.1:7070"), { value: { host: "127.0.0.1", port: 7070 } });
  t.match(readListen("[::1]:0"), { value: { host: "::1", port: 0 } });
  for (const wrong of ["", "7070", ":7070", "host:70700", "[host]:1", "a b:1", "http://x:1"]) {
    t.match(readListen(wrong), { fault: { code: "SERVE_LISTEN" } }, wrong);
  }
  t.strictSame(["127.0.0.1", "127.9.9.9", "::1", "localhost"].filter(isLoopback).length, 4);
  t.strictSame(["0.0.0.0", "::", "10.0.0.1", "127.example.com", "128.0.0.1"].filter(isLoopback), []);
});
