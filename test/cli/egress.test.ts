import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
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
