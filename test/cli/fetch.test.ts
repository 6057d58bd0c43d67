import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { answerOf, Place } from "./place.ts";

const feed = "advisories of january\n".repeat(500);
const checksum = createHash("sha256").update(feed).digest("hex");

/** A server of this host that is busy the first time it is asked for `/busy`. */
async function openServer(t: Test): Promise<number> {
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url === "/busy") {
      asked += 1;
      response.statusCode = asked === 1 ? 503 : 200;
    }
    response.end(feed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

const retry = { maxAttempts: 2, backoff: { initial: "1ms", factor: 1, max: "1ms" } };
const quota = { requests: 10, bytes: "1Mi" };

t.test("a file is fetched through the rules of a sealed pack, used by a command, and proven", async (t) => {
  const port = await openServer(t);
  const url = `http://127.0.0.1:${port}`;
  const place = new Place(t);
  const withFile = { url: `${url}/\${{ inputs.name }}`, checksumSha256: checksum };
  place.pack("feeds", {
    sandbox: { egressAllowlist: [{ host: "127.0.0.1", port, protocol: "http" }], egressQuota: quota },
    inputs: { name: { type: "string", default: "feed.txt" } },
    steps: [
      { id: "get", run: { uses: "http.fetch", with: { ...withFile, mediaType: "text/plain" } } },
      { id: "again", run: { uses: "http.fetch", with: { ...withFile, url: `${url}/busy` } }, retry },
      {
        id: "gone",
        run: { uses: "http.fetch", with: { ...withFile, checksumSha256: "0".repeat(64) } },
        continueOnError: true,
      },
      {
        id: "count",
        inputs: { feed: "${{ steps.get.outputs.file }}" },
        run: { script: 'printf \'{"lines": %d}\' "$(wc -l < "$PACKRUN_IN/feed")" > "$PACKRUN_OUTPUT"' },
        outputs: { lines: { type: "integer" } },
        sandbox: { egressAllowlist: [] },
      },
    ],
    outputs: { feed: { from: "${{ steps.get.outputs.file }}" }, lines: { from: "${{ steps.count.outputs.lines }}" } },
  });
  const ran = await place.packrun("run", "feeds", "--json");
  t.equal(ran.code, 0, ran.err);
  const { runId, evidence, steps, outputs } = answerOf(ran);
  t.match(
    steps.map(({ id, status, reason }) => [id, status, reason]),
    [
      ["get", "succeeded"],
      ["again", "succeeded"],
      ["gone", "failed", "FETCH_CHECKSUM"],
      ["count", "succeeded"],
    ],
  );
  t.match(outputs, {
    feed: { type: "file", digest: `sha256:${checksum}`, size: feed.length, mediaType: "text/plain" },
    lines: { value: 500 },
  });
  const lines = readFileSync(`${evidence}/egress.jsonl`, "utf8").trimEnd().split("\n");
  t.match(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      { sequence: 1, stepId: "get", attempt: 1, decision: "allowed", path: "/feed.txt", status: 200 },
      { sequence: 2, stepId: "again", attempt: 1, path: "/busy", status: 503 },
      { sequence: 3, stepId: "again", attempt: 2, path: "/busy", status: 200 },
      { sequence: 4, stepId: "gone", attempt: 1, status: 200 },
    ],
  );
  const verified = await place.packrun("verify", runId);
  t.equal(verified.code, 0, verified.out + verified.err);
  t.match(verified.out, /egress +4 requests let through, 0 refused/);
  const shown = await place.packrun("runs", "show", runId);
  t.match(shown.out, /^ {2}✓ get +succeeded .* 1 request +in 1\d\.\dKi +out \d+B$/m);
  t.match((await place.packrun("evidence", "show", runId)).out, /^ {2}again +succeeded .*1 request +in /m);
});

t.test("a URL that the rules do not allow is refused when the pack is planned, where it stands", async (t) => {
  const place = new Place(t);
  const fetch = (url: string, more: object = {}): object => ({
    id: "get",
    run: { uses: "http.fetch", with: { url, checksumSha256: checksum } },
    ...more,
  });
  const sandbox = { egressAllowlist: ["registry.acme.example:443", "*.acme.example:443"], egressQuota: quota };
  const lint = async (step: object): Promise<{ code: number | null; out: string }> => {
    place.pack("feeds", { sandbox, steps: [step] });
    const { code, out, err } = await place.packrun("lint", "feeds");
    return { code, out: out + err };
  };
  t.match(await lint(fetch("https://cdn.acme.example/feed.txt")), { code: 0 });
  t.match(await lint(fetch("https://evil.example/feed.txt")), {
    code: 3,
    out: /error\[FETCH_NOT_ALLOWED\]: no egress rule of the step allows evil\.example:443 over tls[^]*"url": "https:\/\/evil[^]*\^{5}/,
  });
  const narrowed = { sandbox: { egressAllowlist: ["registry.acme.example:443"] } };
  t.match(await lint(fetch("https://cdn.acme.example/feed.txt", narrowed)), { code: 3, out: /FETCH_NOT_ALLOWED/ });
  t.match(await lint(fetch("https://ann:hunter2@cdn.acme.example/")), {
    code: 3,
    out: /error\[FETCH_URL\].*names a user/,
  });
});
