import { createServer } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";
import t from "tap";
import { createEgress } from "#sandbox/egress/egress.ts";
import { readUpstreamProxy } from "#sandbox/egress/upstream-proxy.ts";
import { createRedactor } from "#secret/redactor.ts";
import { systemClock } from "../../port/system-clock.ts";
import { connectThrough, openRig, portOf, must, rule, scopeOf, seenLines, serveHttp, serveTcp } from "./egress-rig.ts";

const NAME = "a.example.test";

t.test("everything leaves through the operator's proxy, by name, and under the same rules", async (t) => {
  const port = await serveHttp(t, (_, answer) => answer.end("inside"));
  const tcp = await serveTcp(t, (socket) => socket.end("raw"));
  const heard: string[] = [];
  const proxy = createServer();
  proxy.on("connect", (asked, socket) => {
    heard.push(`${asked.url} ${asked.headers["proxy-authorization"]}`);
    const onward = connect({ port: Number(asked.url?.split(":").at(-1)), host: "127.0.0.1" });
    onward.on("connect", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    socket.on("error", () => onward.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.teardown(() => proxy.close());
  const rules = [
    rule(NAME, port, { protocol: "http" }),
    rule("127.0.0.1", tcp, { protocol: "tcp" }),
    rule(NAME, 1, { protocol: "http" }),
  ];
  const rig = await openRig(t, {
    rules,
    options: {
      upstreamProxy: `http://me:p%40ss@127.0.0.1:${portOf(proxy)}`,
      resolve: async () => Promise.reject(new Error("no name is looked up here")),
    },
  });
  const { signal } = new AbortController();
  const fetched = must(await rig.session.fetch(`http://${NAME}:${port}/`, signal));
  t.equal(fetched.status, 200);
  for await (const chunk of fetched.body) {
    t.equal(Buffer.from(chunk).toString(), "inside");
  }
  const client = await connectThrough(t, rig.port, `127.0.0.1:${tcp}`);
  t.match((await client.closed).toString(), /raw$/);
  t.match(await rig.session.fetch(`http://${NAME}:1/`, signal), {
    fault: { code: "EGRESS_UPSTREAM", message: /answered 502/ },
  });
  t.match(await rig.session.fetch("http://b.example.test/", signal), { fault: { code: "EGRESS_DENIED" } });
  await rig.session.close();
  const basic = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
  t.strictSame(heard, [`${NAME}:${port} ${basic}`, `127.0.0.1:${tcp} ${basic}`, `${NAME}:1 ${basic}`]);
  t.ok(rig.record().every(({ address }) => address === undefined));
  t.notMatch(rig.lines.text("egress.jsonl"), "p@ss");
});

t.test("a host that holds a secret is asked for in full, and told without it", async (t) => {
  const heard: (string | undefined)[] = [];
  const proxy = createServer();
  proxy.on("connect", (asked, socket) => {
    heard.push(asked.url);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.teardown(() => proxy.close());
  const redactor = createRedactor();
  redactor.add("token", "S3cr3tValue");
  const upstreamProxy = `http://127.0.0.1:${portOf(proxy)}`;
  const rules = [rule("*.example.test", 80, { protocol: "http" })];
  const rig = await openRig(t, { rules, scope: { redactor }, options: { upstreamProxy } });
  t.match(await rig.session.fetch("http://S3cr3tValue.example.test/", new AbortController().signal), {
    fault: { message: /^\[redacted:token\]\.example\.test:80 could not be reached/ },
  });
  t.strictSame(heard, ["s3cr3tvalue.example.test:80"]);
});

t.test("what is no URL of an HTTP proxy is a fault when the network is opened", async (t) => {
  for (const upstreamProxy of [
    "proxy:3128",
    "socks5://p:1",
    "https://p:1",
    "http://p:1/x",
    "http://p:1?x",
    "",
    "http://%zz@p:1",
  ]) {
    const egress = createEgress({ lines: seenLines(), clock: systemClock, upstreamProxy });
    t.match(await egress.open(scopeOf({ rules: [] })), { ok: false, fault: { code: "EGRESS_PROXY" } }, upstreamProxy);
  }
  t.strictSame(readUpstreamProxy("http://[::1]:8080"), { ok: true, value: { host: "::1", port: 8080 } });
});
