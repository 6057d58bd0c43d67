import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import t from "tap";
import { StoreError } from "#fault/store-error.ts";
import type { Fetched } from "#port/egress.ts";
import { certificate, openRig, portOf, must, rule, serveHttp, serveTcp } from "./egress-rig.ts";

const NAME = "a.example.test";
const signal = new AbortController().signal;

async function text({ body }: Fetched): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

t.test("https is fetched under tls rules, with a certificate that is trusted and for that host", async (t) => {
  const identity = certificate(`DNS:${NAME},IP:127.0.0.1`);
  const server = createTlsServer(identity, (asked, answer) => answer.end(`${asked.url} ${asked.headers.host}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const port = portOf(server);
  const rig = await openRig(t, {
    rules: [NAME, "b.example.test"]
      .map((name) => rule(name, port, { allowPrivate: true }))
      .concat(rule("127.0.0.1", port)),
  });
  const untrusted = await rig.session.fetch(`https://${NAME}:${port}/`, signal);
  t.match(untrusted, { ok: false, fault: { code: "EGRESS_UPSTREAM", message: /CERT/, hint: /NODE_EXTRA_CA_CERTS/ } });
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, identity.cert]);
  t.teardown(() => setDefaultCACertificates(before));
  const fetched = must(await rig.session.fetch(`https://${NAME}:${port}/x?y=1`, signal));
  t.equal(await text(fetched), `/x?y=1 ${NAME}:${port}`);
  t.match(must(await rig.session.fetch(`https://127.0.0.1:${port}/`, signal)), { status: 200 });
  const other = await rig.session.fetch(`https://b.example.test:${port}/`, signal);
  t.match(other, { ok: false, fault: { code: "EGRESS_UPSTREAM", message: /ALTNAME/, hint: /does not hold/ } });
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  t.teardown(() => delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"]);
  t.match(
    await rig.session.fetch(`https://b.example.test:${port}/`, signal),
    { ok: false },
    "whatever the environment says",
  );
  const { use } = await rig.session.close();
  t.equal(use.requests, 5);
  t.match(rig.record()[1], { protocol: "tls", method: "GET", path: "/x", status: 200, decision: "allowed" });
});

t.test("http is fetched under http rules; redirects are not followed", async (t) => {
  const port = await serveHttp(t, (asked, answer) => {
    if (asked.url === "/go") {
      answer.writeHead(302, { Location: "http://elsewhere.test/" });
    }
    answer.end("body");
  });
  const rig = await openRig(t, { rules: [rule(NAME, port, { protocol: "http", allowPrivate: true })] });
  const fetched = must(await rig.session.fetch(`http://${NAME}:${port}/go`, signal));
  t.equal(fetched.status, 302);
  t.equal(await text(fetched), "body");
  for (const [url, code] of [
    [`http://b.example.test:${port}/`, "EGRESS_DENIED"],
    [`https://${NAME}:${port}/`, "EGRESS_PROTOCOL"],
    [`http://user:secret@${NAME}:${port}/`, "EGRESS_MALFORMED"],
    ["ftp://a.test/", "EGRESS_MALFORMED"],
    ["not a url", "EGRESS_MALFORMED"],
  ] as const) {
    t.match(await rig.session.fetch(url, signal), { ok: false, fault: { code } }, url);
  }
  await rig.session.close();
  t.notMatch(rig.lines.text("egress.jsonl"), "secret");
});

t.test("an answer that breaks off, or passes the quota, throws its fault where it is read", async (t) => {
  const port = await serveTcp(t, (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket.write("x".repeat(5000));
  });
  const short = await serveTcp(t, (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
  const odd = await serveTcp(t, (socket) => socket.end("nonsense\r\n\r\n"));
  const turned = await serveTcp(t, (socket) =>
    socket.end("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
  );
  const rules = [port, short, odd, turned].map((each) => rule("127.0.0.1", each, { protocol: "http" }));
  const rig = await openRig(t, { rules: rules.map((each, at) => (at === 0 ? { ...each, maxBytes: 2000 } : each)) });
  const cut = must(await rig.session.fetch(`http://127.0.0.1:${port}/`, signal));
  const error: unknown = await text(cut).catch((thrown: unknown) => thrown);
  t.ok(error instanceof StoreError);
  t.match(error, { fault: { code: "EGRESS_QUOTA_BYTES" } });
  const broken = must(await rig.session.fetch(`http://127.0.0.1:${short}/`, signal));
  t.match(await text(broken).catch((thrown: unknown) => thrown), { fault: { code: "EGRESS_UPSTREAM" } });
  for (const each of [odd, turned]) {
    t.match(await rig.session.fetch(`http://127.0.0.1:${each}/`, signal), {
      fault: { code: "EGRESS_UPSTREAM", hint: /runner's network/ },
    });
  }
  await rig.session.close();
  t.equal((rig.record()[0]?.bytesIn ?? 0) + (rig.record()[0]?.bytesOut ?? 0), 2000);
});

t.test("a fetch that is called off ends at once, before or while it runs", async (t) => {
  const port = await serveTcp(t, (socket) => socket.resume());
  const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "http" })] });
  const url = `http://127.0.0.1:${port}/`;
  t.match(await rig.session.fetch(url, AbortSignal.abort()), { fault: { code: "EGRESS_ENDED" } });
  const controller = new AbortController();
  const fetching = rig.session.fetch(url, controller.signal);
  setImmediate(() => controller.abort());
  t.match(await fetching, { fault: { code: "EGRESS_ENDED" } });
});
