import { once } from "node:events";
import { connect } from "node:net";
import t from "tap";
import type { EgressLine } from "#run/egress-line.ts";
import { tickingClock } from "../../port/ticking-clock.ts";
import { connectThrough, openRig, raw, rule, serveHttp, serveTcp, type Rig, type Wanted } from "./egress-rig.ts";
import { helloBytes, recordsOf, serverName } from "./hello-bytes.ts";

const NAME = "a.example.test";

/** Says something to the door, hangs up behind it, and gives back the whole answer. */
async function say(t: Parameters<typeof raw>[0], door: number, text: string | Buffer): Promise<string> {
  const client = await raw(t, door);
  client.socket.write(text);
  const answer = await client.closed;
  client.socket.destroy();
  return answer.toString("latin1");
}

function get(target: string, more = ""): string {
  return `GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n${more}Connection: close\r\n\r\n`;
}

function reasons(rig: Rig): readonly (string | undefined)[] {
  return rig.record().map(({ reason }) => reason);
}

/** How a fatal alert of TLS stands on the wire. */
function alert(description: number): string {
  return String.fromCodePoint(21, 3, 3, 0, 2, 2, description);
}

t.test("what no rule names is refused before its name is looked up", async (t) => {
  const looked: string[] = [];
  const resolve = async (host: string): Promise<readonly string[]> => {
    looked.push(host);
    return ["127.0.0.1"];
  };
  const rig = await openRig(t, { rules: [rule(NAME, 443), rule("*.sub.test", 443)], options: { resolve } });
  const targets = ["b.example.test:443", `${NAME}:444`, "sub.test:443", "127.0.0.1:443", `x.${NAME}:443`, "[::1]:443"];
  targets.push("0x7f.1:443", "2130706433:443");
  for (const target of targets) {
    const answer = await say(t, rig.port, `CONNECT ${target} HTTP/1.1\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n[^]*EGRESS_DENIED: no egress rule allows .*:44[34]\n/, target);
    t.match(answer, "X-Packrun-Egress: EGRESS_DENIED");
  }
  t.match(await say(t, rig.port, get("b.example.test")), /^HTTP\/1\.1 403 /);
  t.strictSame(looked, []);
  const { use, denied } = await rig.session.close();
  t.strictSame(use, { requests: 0, bytesIn: 0, bytesOut: 0 });
  t.equal(denied.length, targets.length + 1);
  t.match(denied[0], {
    host: "b.example.test",
    port: 443,
    reason: "EGRESS_DENIED",
    code: "EGRESS_DENIED",
    hint: /add b\./,
  });
  t.match(rig.record().at(-2), { host: "127.0.0.1", decision: "denied", reason: "EGRESS_DENIED", bytesOut: 0 });
});

t.test("every spelling of a listed host is that host", async (t) => {
  const port = await serveTcp(t, (socket) => socket.end("hi"));
  const rig = await openRig(t, {
    rules: [rule(NAME, port, { protocol: "tcp", allowPrivate: true }), rule("127.0.0.1", port, { protocol: "tcp" })],
  });
  const full = Buffer.from("ａ.example.test").toString("latin1");
  for (const host of ["A.Example.TEST", `${NAME}.`, "127.1", "0177.0.0.1", "0x7f000001", full]) {
    const client = await raw(t, rig.port);
    client.socket.write(Buffer.from(`CONNECT ${host}:${port} HTTP/1.1\r\n\r\n`, "latin1"));
    t.match((await client.closed).toString(), /^HTTP\/1\.1 (?:200 [^]*hi$|400 )/, host);
  }
  await rig.session.close();
  const hosts = rig.record().filter(({ decision }) => decision === "allowed");
  t.strictSame(
    hosts.map(({ host }) => host),
    [NAME, NAME, "127.0.0.1", "127.0.0.1", "127.0.0.1", ...(hosts.length === 6 ? [NAME] : [])],
  );
});

t.test("names are dialled at addresses that were looked at, and at no others", async (t) => {
  const answers: Record<string, readonly string[]> = {
    "private.test": ["10.0.0.1", "127.0.0.1", "::1", "100.64.0.1", "192.168.1.1"],
    "link.test": ["169.254.169.254", "fe80::1"],
    "mapped.test": ["::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::127.0.0.1", "2002:7f00:1::1"],
    "own.test": ["9.9.9.9", "2620:fe::9"],
    "none.test": [],
    "odd.test": ["not an address", "1.2.3"],
  };
  const options: Wanted["options"] = {
    resolve: async (host) => answers[host] ?? Promise.reject(new Error("ENOTFOUND")),
    ownAddresses: () => ["9.9.9.9", "2620:00fe::0009"],
  };
  const names = [...Object.keys(answers), "unknown.test"];
  const rig = await openRig(t, { rules: names.map((name) => rule(name, 443)), options });
  for (const name of names) {
    const code = /none|odd|unknown/.test(name) ? "502 .*\r\n[^]*EGRESS_DNS" : "403 .*\r\n[^]*EGRESS_ADDRESS";
    t.match(await say(t, rig.port, `CONNECT ${name}:443 HTTP/1.1\r\n\r\n`), new RegExp(`^HTTP/1.1 ${code}`), name);
  }
  await rig.session.close();
  t.ok(rig.record().every(({ decision, address }) => decision === "denied" && address === undefined));
});

t.test("allowPrivate opens private addresses and this host's own, but no link-local ones", async (t) => {
  const port = await serveTcp(t, (socket) => socket.end("hi"));
  const answers = [["127.0.0.1"], ["169.254.169.254"], ["169.254.169.254", "127.0.0.1"]];
  const rig = await openRig(t, {
    rules: [rule(NAME, port, { protocol: "tcp", allowPrivate: true })],
    options: { resolve: async () => answers.shift() ?? [], ownAddresses: () => ["127.0.0.1"] },
  });
  const ask = async (): Promise<string> => say(t, rig.port, `CONNECT ${NAME}:${port} HTTP/1.1\r\n\r\n`);
  t.match(await ask(), /hi$/);
  t.match(await ask(), /EGRESS_ADDRESS/);
  t.match(await ask(), /hi$/, "of mixed answers, only what may be dialled is");
});

t.test("a name that changes its address between looking and dialling gains nothing", async (t) => {
  const answers = [["93.184.216.34"], ["127.0.0.1"]];
  const looked: string[] = [];
  const port = await serveTcp(t, (socket) => socket.end("inside"));
  const clock = tickingClock();
  const rig = await openRig(t, {
    rules: [rule(NAME, port, { protocol: "tcp" })],
    options: { clock, resolve: async (host) => answers[looked.push(host) - 1] ?? [] },
  });
  const client = await raw(t, rig.port);
  client.socket.write(`CONNECT ${NAME}:${port} HTTP/1.1\r\n\r\n`);
  // The public address answers with whatever this machine's network does; the loopback is not asked.
  while (looked.length === 0) {
    await once(client.socket, "data", { signal: AbortSignal.timeout(20) }).catch(() => undefined);
  }
  rig.session.end();
  await client.closed;
  await rig.session.close();
  t.equal(looked.length, 1);
  t.notMatch(client.text(), "inside");
  t.equal(rig.record()[0]?.address, "93.184.216.34");
});

t.test("a tunnel under a tls rule begins with a ClientHello for its host, or is cut", async (t) => {
  let connections = 0;
  const port = await serveTcp(t, (socket) => {
    connections += 1;
    socket.end();
  });
  const rig = await openRig(t, {
    rules: [rule(NAME, port, { allowPrivate: true }), rule("127.0.0.1", port)],
  });
  const record = (...names: (readonly [number, Buffer])[]): Buffer => recordsOf(helloBytes(names), []);
  const cases: readonly (readonly [host: string, hello: Buffer, code: string, shown: RegExp | string])[] = [
    [NAME, record(serverName("b.example.test")), "EGRESS_SNI", alert(112)],
    [NAME, record(serverName(`${NAME}.`)), "EGRESS_SNI", alert(112)],
    [NAME, record(), "EGRESS_SNI", alert(112)],
    [NAME, record(serverName(NAME), serverName(NAME)), "EGRESS_SNI", alert(112)],
    ["127.0.0.1", record(serverName(NAME)), "EGRESS_SNI", alert(112)],
    [NAME, record(serverName(NAME), [0xfe0d, Buffer.alloc(4)]), "EGRESS_ECH", alert(49)],
    [NAME, Buffer.from("SSH-2.0-client\r\n"), "EGRESS_NOT_TLS", alert(49)],
    [NAME, Buffer.from("GET / HTTP/1.1\r\n\r\n"), "EGRESS_NOT_TLS", /403 Forbidden[^]*does not begin as TLS/],
  ];
  for (const [host, hello, code, shown] of cases) {
    const client = await connectThrough(t, rig.port, `${host}:${port}`);
    client.socket.write(hello);
    t.match((await client.closed).toString("latin1"), shown, code);
  }
  const hasty = await raw(t, rig.port);
  hasty.socket.end(`CONNECT ${NAME}:${port} HTTP/1.1\r\n\r\n\x16\x03`, "latin1");
  await hasty.closed;
  t.equal(connections, 0, "nobody was dialled");
  await rig.session.close();
  t.strictSame(reasons(rig), [...cases.map(([, , code]) => code), "EGRESS_NOT_TLS"]);
  t.ok(rig.record().every(({ decision }) => decision === "denied"));
});

t.test(
  "a hello for the right host passes whole, behind the CONNECT, in pieces, or without a name to an address",
  async (t) => {
    const seen: Buffer[][] = [];
    const port = await serveTcp(t, (socket) => {
      const chunks: Buffer[] = [];
      seen.push(chunks);
      socket.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        if (Buffer.concat(chunks).includes("END")) {
          socket.end("ok");
        }
      });
    });
    const rig = await openRig(t, { rules: [rule(NAME, port, { allowPrivate: true }), rule("127.0.0.1", port)] });
    const named = Buffer.concat([recordsOf(helloBytes([serverName(NAME)]), [7]), Buffer.from("END")]);
    const bare = Buffer.concat([recordsOf(helloBytes([]), []), Buffer.from("END")]);
    const early = await raw(t, rig.port);
    early.socket.write(Buffer.concat([Buffer.from(`CONNECT ${NAME}:${port} HTTP/1.0\r\n\r\n`), named]));
    t.match((await early.closed).toString(), /ok$/);
    const slow = await connectThrough(t, rig.port, `${NAME}:${port}`);
    for (const byte of named) {
      slow.socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    t.match((await slow.closed).toString(), /ok$/);
    const address = await connectThrough(t, rig.port, `127.0.0.1:${port}`);
    address.socket.write(bare);
    t.match((await address.closed).toString(), /ok$/);
    t.ok([named, named, bare].every((sent, at) => Buffer.concat(seen[at] ?? []).equals(sent)));
  },
);

t.test("a protocol that the rule does not name is refused", async (t) => {
  const rig = await openRig(t, {
    rules: [rule(NAME, 443), rule(NAME, 25, { protocol: "tcp" }), rule(NAME, 80, { protocol: "http" })],
  });
  t.match(await say(t, rig.port, get(`${NAME}:443`)), /^HTTP\/1\.1 403 [^]*EGRESS_PROTOCOL/);
  t.match(await say(t, rig.port, get(`${NAME}:25`)), /EGRESS_PROTOCOL/);
  const https = `GET https://${NAME}/ HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`;
  t.match(await say(t, rig.port, https), /EGRESS_PROTOCOL/);
  const fetched = await rig.session.fetch(`https://${NAME}:80/`, new AbortController().signal);
  t.match(fetched, { ok: false, fault: { code: "EGRESS_PROTOCOL" } });
});

t.test("requests are read in one way or not at all", async (t) => {
  let asked = 0;
  const port = await serveHttp(t, (_, answer) => {
    asked += 1;
    answer.end();
  });
  const host = `${NAME}:${port}`;
  const rig = await openRig(t, { rules: [rule(NAME, port, { protocol: "http", allowPrivate: true })] });
  const post = `POST http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n`;
  const bad: readonly string[] = [
    `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `GET http://user:pass@${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `GET http://${host}/ HTTP/1.1\r\n\r\n`,
    `GET http://${host}/ HTTP/1.1\r\nHost: other.test:${port}\r\n\r\n`,
    `GET http://${host}/ HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
    `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n\r\n`,
    `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${post}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd`,
    `${post}Content-Length: 4, 4\r\n\r\nabcd`,
    `${post}Content-Length: +4\r\n\r\nabcd`,
    `${post}Transfer-Encoding: gzip\r\n\r\n`,
    `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    `${post}X: a\r\n folded: b\r\n\r\n`,
    `${post}X: a\nY: b\n\n`,
    `${post}X: a\0b\r\n\r\n`,
    `GET http://${host}/ HTTP/1.1\nHost: ${host}\n\n`,
    `GET http://${host}/ HTTP/3.7\r\nHost: ${host}\r\n\r\n`,
    `CONNECT ${NAME} HTTP/1.1\r\n\r\n`,
    `CONNECT user@${host} HTTP/1.1\r\n\r\n`,
    `CONNECT http://${host}/ HTTP/1.1\r\n\r\n`,
    "\x16\x03\x01\x02\x00\x01",
    `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
  ];
  for (const text of bad) {
    t.match(await say(t, rig.port, text), /^HTTP\/1\.1 400 [^]*EGRESS_MALFORMED/, JSON.stringify(text.slice(0, 120)));
  }
  const [named, unnamed] = [`GET http://${host}/ HTTP/1.1\r\nHost: other.test\r\n\r\n`, "GET / HTTP/1.1\r\n\r\n"];
  t.match(await say(t, rig.port, named), `cannot take this request to ${host}: its Host`);
  t.match(await say(t, rig.port, unnamed), "cannot take this request to an unknown host: its target");
  t.equal(asked, 0, "none of them was passed on");
  await rig.session.close();
  t.equal(rig.record().length, bad.length + 2, "each left one line");
  t.notMatch(rig.lines.text("egress.jsonl"), /user|pass@/);
});

t.test("nothing changes the protocol of a request", async (t) => {
  const port = await serveHttp(t, (_, answer) => answer.end());
  const rig = await openRig(t, { rules: [rule(NAME, port, { protocol: "http", allowPrivate: true })] });
  const host = `${NAME}:${port}`;
  for (const name of ["websocket", "h2c"]) {
    const text = `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: ${name}\r\n\r\n`;
    t.match(await say(t, rig.port, text), /^HTTP\/1\.1 403 [^]*EGRESS_UPGRADE/, name);
  }
  const client = await connectThrough(t, rig.port, host);
  client.socket.write(`CONNECT ${host} HTTP/1.1\r\n\r\n`);
  t.match((await client.closed).toString(), /EGRESS_UPGRADE/, "a tunnel in a tunnel");
});

t.test("a tunnel under an http rule is read like every request, and pinned to its host", async (t) => {
  const heard: string[] = [];
  const port = await serveHttp(t, (asked, answer) => {
    heard.push(`${asked.method} ${asked.url} ${asked.headers.host}`);
    answer.end("ok");
  });
  const host = `${NAME}:${port}`;
  const rig = await openRig(t, { rules: [rule(NAME, port, { protocol: "http", allowPrivate: true })] });
  const client = await connectThrough(t, rig.port, host);
  client.socket.write(`GET /a?b HTTP/1.1\r\nHost: ${host}\r\n\r\nGET /c HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  client.socket.write(`GET /d HTTP/1.1\r\nHost: other.test\r\n\r\n`);
  t.match((await client.closed).toString(), /200 OK[^]*ok[^]*200 OK[^]*ok[^]*400 Bad Request[^]*EGRESS_MALFORMED/);
  const absolute = await connectThrough(t, rig.port, host);
  absolute.socket.write(get(host));
  t.match((await absolute.closed).toString(), /EGRESS_MALFORMED/);
  const tls = await connectThrough(t, rig.port, host);
  tls.socket.write(recordsOf(helloBytes([serverName(NAME)]), []));
  t.match((await tls.closed).toString("latin1"), /EGRESS_MALFORMED/);
  t.strictSame(heard.toSorted(), [`GET /a?b ${host}`, `GET /c ${host}`]);
  await rig.session.close();
  t.match(
    rig
      .record()
      .map(({ path, host: name }) => `${name} ${path}`)
      .toSorted(),
    [`${NAME} /a`, `${NAME} /c`, `${NAME} /d`, `${NAME} undefined`, `${NAME} undefined`],
  );
});

t.test(
  "bodies pass in both framings, headers of the hop do not, pipelined requests are answered in turn",
  async (t) => {
    const port = await serveHttp(t, (asked, answer) => {
      const chunks: Buffer[] = [];
      asked.on("data", (chunk: Buffer) => chunks.push(chunk));
      asked.on("end", () => {
        const { te, upgrade, "proxy-authorization": authorization, "x-mine": mine, expect } = asked.headers;
        answer.setHeader("Set-Cookie", ["a=1", "b=2"]);
        answer.end(
          JSON.stringify({ body: Buffer.concat(chunks).toString(), te, upgrade, authorization, mine, expect }),
        );
      });
    });
    const host = `${NAME}:${port}`;
    const rig = await openRig(t, { rules: [rule(NAME, port, { protocol: "http", allowPrivate: true })] });
    const head = `POST http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n`;
    const hop =
      "TE: trailers\r\nConnection: X-Mine\r\nX-Mine: 1\r\nProxy-Authorization: Basic x\r\nExpect: 100-continue\r\n";
    const last = `${head}Connection: close\r\nContent-Length: 0\r\n\r\n`;
    const text = `${head}${hop}Content-Length: 3\r\n\r\nabc${head}Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n${last}`;
    const answer = await say(t, rig.port, text);
    t.match(answer, /{"body":"abc"}[^]*{"body":"de"}[^]*{"body":""}/);
    t.equal(answer.split("Set-Cookie: b=2").length, 4);
    await rig.session.close();
    t.equal(rig.record().length, 3);
  },
);

t.test("clients that do not say what they want in time are sent away", async (t) => {
  const clock = tickingClock();
  const rig = await openRig(t, { rules: [rule(NAME, 443)], options: { clock, resolve: async () => ["1.1.1.1"] } });
  const silent = await raw(t, rig.port);
  const slow = await raw(t, rig.port);
  slow.socket.write("CONNECT a.exa");
  const hello = await connectThrough(t, rig.port, `${NAME}:443`);
  hello.socket.write("\x16\x03", "latin1");
  // A round trip through the event loop of the door, so that all of it was read.
  await connectThrough(t, rig.port, "b.example.test:1");
  clock.tick(10_000);
  t.match((await slow.closed).toString(), /^HTTP\/1\.1 504 [^]*EGRESS_TIMEOUT/);
  t.equal((await silent.closed).length, 0);
  await hello.closed;
  clock.tick(1000);
  await rig.session.close();
  t.strictSame(reasons(rig).map(String).sort(), ["EGRESS_DENIED", "EGRESS_TIMEOUT", "EGRESS_TIMEOUT"]);
});

t.test("a connection on which nothing moves is cut, one that moves is not", async (t) => {
  const clock = tickingClock();
  const port = await serveTcp(t, (socket) => socket.pipe(socket));
  const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "tcp" })], options: { clock } });
  const client = await connectThrough(t, rig.port, `127.0.0.1:${port}`);
  clock.tick(119_000);
  client.socket.write("more");
  await client.until("more");
  clock.tick(119_000);
  client.socket.write("again");
  await client.until("again");
  clock.tick(120_000);
  await client.closed;
  await rig.session.close();
  t.match(rig.record(), [{ decision: "allowed", reason: "EGRESS_TIMEOUT", bytesIn: 9, bytesOut: 9 }] as EgressLine[]);
});

t.test("a host that does not let itself be reached is the host's fault, on record", async (t) => {
  const { port, close } = await new Promise<{ port: number; close: () => void }>((resolve) => {
    const probe = connect({ port: 1, host: "127.0.0.1" });
    probe.on("error", () => resolve({ port: 1, close: () => probe.destroy() }));
  });
  close();
  const rig = await openRig(t, {
    rules: [rule("127.0.0.1", port, { protocol: "tcp" }), rule(NAME, port, { protocol: "http", allowPrivate: true })],
  });
  t.match(await say(t, rig.port, `CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`), /^HTTP\/1\.1 502 [^]*EGRESS_UPSTREAM/);
  t.match(await say(t, rig.port, get(`${NAME}:${port}`)), /^HTTP\/1\.1 502 [^]*EGRESS_UPSTREAM/);
  const { denied } = await rig.session.close();
  t.strictSame(denied, []);
  t.match(rig.record(), [
    { decision: "allowed", reason: "EGRESS_UPSTREAM", address: "127.0.0.1" },
    { decision: "allowed", reason: "EGRESS_UPSTREAM" },
  ] as EgressLine[]);
});

t.test("an attempt has 64 connections at once, and no more", async (t) => {
  const port = await serveTcp(t, (socket) => {
    socket.write("hi");
    socket.on("end", () => socket.end());
    socket.resume();
  });
  const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "tcp" })] });
  const clients = await Promise.all(
    Array.from({ length: 64 }, async () => connectThrough(t, rig.port, `127.0.0.1:${port}`)),
  );
  const one = await raw(t, rig.port);
  t.match((await one.closed).toString(), /^HTTP\/1\.1 429 [^]*EGRESS_TOO_MANY/);
  clients[0]?.socket.destroy();
  while (!(await say(t, rig.port, `CONNECT x.test:1 HTTP/1.1\r\n\r\n`)).includes("EGRESS_DENIED")) {
    await new Promise(setImmediate);
  }
  await rig.session.close();
  t.equal(rig.record().filter(({ decision }) => decision === "allowed").length, 64);
});

t.test("refused tries beyond a thousand are counted in one last line", async (t) => {
  const rig = await openRig(t, { rules: [rule(NAME, 443)] });
  const signal = new AbortController().signal;
  for (let number = 0; number < 1003; number += 1) {
    await rig.session.fetch(`https://b.test/${number}`, signal);
  }
  const { denied } = await rig.session.close();
  t.equal(denied.length, 1001);
  t.equal(rig.record().length, 1001);
  t.match(rig.record().at(-1), { host: "*", port: 0, reason: "EGRESS_DENIALS", tries: 3, sequence: 1001 });
  t.match(denied.at(-1), { host: "*", port: 0, code: "EGRESS_DENIALS" });
});

t.test("secrets reach neither the record nor the events", async (t) => {
  const { createRedactor } = await import("#secret/redactor.ts");
  const redactor = createRedactor();
  redactor.add("token", "s3cr3t-value");
  const rig = await openRig(t, { rules: [rule(NAME, 443)], scope: { redactor } });
  const long = `/${"x".repeat(505)}s3cr3t-value/${"y".repeat(600)}`;
  await rig.session.fetch(`https://s3cr3t-value.test${long}?s3cr3t-value`, new AbortController().signal);
  await say(t, rig.port, "CONNECT s3cr3t-value HTTP/1.1\r\n\r\n");
  const { denied } = await rig.session.close();
  t.notMatch(JSON.stringify(denied) + rig.lines.text("egress.jsonl"), /s3cr3t|x{505}s/);
  t.match(rig.record()[0]?.path, /x\[redac|x…/);
});

t.test("what the proxy answers, records and tells of a host shows no secret that its one spelling would", async (t) => {
  const { createRedactor } = await import("#secret/redactor.ts");
  const redactor = createRedactor();
  redactor.add("token", "S3cr3tValue");
  redactor.add("number", "2886794753");
  const port = await serveHttp(t, (_, answer) => answer.end("ok"));
  const rules = [
    rule("*.good.test", port, { protocol: "http", allowPrivate: true }),
    rule("*.tls.test", 443, { allowPrivate: true }),
  ];
  const rig = await openRig(t, { rules, scope: { redactor } });
  const at = (host: string): string => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const connect = (host: string): string => `CONNECT ${host} HTTP/1.1\r\n\r\n`;
  const answers = [
    await say(t, rig.port, at("S3cr3tValue.evil.test")),
    await say(t, rig.port, at("2886794753")),
    await say(t, rig.port, connect("S3CR3TVALUE.evil.test:443")),
    await say(t, rig.port, connect("u@s3cr3tvalue:443")),
    await say(t, rig.port, connect("s3cr3t%56alue:443")),
    await say(t, rig.port, `GET http://S3cr3tValue.good.test:${port}/ HTTP/1.1\r\nHost: 2886794753\r\n\r\n`),
    await say(t, rig.port, at(`S3cr3tValue.good.test:${port}`).replace("close", "upgrade\r\nUpgrade: x")),
    await say(t, rig.port, at(`S3cr3tValue.good.test:${port}`)),
  ];
  const tunnel = await connectThrough(t, rig.port, `S3cr3tValue.good.test:${port}`);
  tunnel.socket.write(`POST /a HTTP/1.1\r\nHost: S3cr3tValue.good.test:${port}\r\nConnection: close\r\n\r\n`);
  answers.push((await tunnel.closed).toString());
  const tls = await connectThrough(t, rig.port, "S3cr3tValue.tls.test:443");
  tls.socket.write(recordsOf(helloBytes([serverName("S3cr3tValue.other.test")]), []));
  answers.push((await tls.closed).toString("latin1"));
  await rig.session.fetch("http://S3cr3tValue.evil.test:81/", new AbortController().signal);
  const { denied } = await rig.session.close();
  const told = answers.join("\n") + JSON.stringify(denied) + rig.lines.text("egress.jsonl");
  t.notMatch(told, /s3cr3t|2886794753|172\.16/i);
  t.match(answers[0], /EGRESS_DENIED: no egress rule allows \[redacted:token\]\.evil\.test:80\nadd \[redacted:token\]/);
  t.match(answers[7], /^HTTP\/1.1 200/);
  t.strictSame(
    rig.record().map(({ host, decision }) => [host, decision]),
    [
      ["[redacted:token].evil.test", "denied"],
      ["[redacted:number]", "denied"],
      ["[redacted:token].evil.test", "denied"],
      ["[redacted:token]:443", "denied"],
      ["[redacted:token]:443", "denied"],
      ["[redacted:token].good.test", "denied"],
      ["[redacted:token].good.test", "denied"],
      ["[redacted:token].good.test", "allowed"],
      ["[redacted:token].good.test", "allowed"],
      ["[redacted:token].tls.test", "denied"],
      ["[redacted:token].evil.test", "denied"],
    ],
  );
});

t.test("the end of an attempt cuts what is open, and refuses what comes later", async (t) => {
  const port = await serveTcp(t, (socket) => socket.write("hi"));
  const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "tcp" })] });
  const client = await connectThrough(t, rig.port, `127.0.0.1:${port}`);
  await client.until("hi");
  rig.session.end();
  await client.closed;
  const late = await rig.session.fetch(`http://127.0.0.1:${port}/`, new AbortController().signal);
  t.match(late, { ok: false, fault: { code: "EGRESS_ENDED" } });
  const [first, second] = await Promise.all([rig.session.close(), rig.session.close()]);
  t.equal(first, second, "closing twice is closing once");
  t.match(rig.record()[0], { decision: "allowed", reason: "EGRESS_ENDED", bytesIn: 2 });
  const refused = connect({ port: rig.port, host: "127.0.0.1" });
  const [error] = (await once(refused, "error")) as [NodeJS.ErrnoException];
  t.equal(error.code, "ECONNREFUSED");
});

t.test("a host may answer anything, and harms nobody by it", async (t) => {
  const answers = [
    "HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}\r\n\r\n`,
    "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "SSH-2.0-server\r\n",
    "",
  ];
  const statuses: string[] = [];
  for (const answer of answers) {
    const port = await serveTcp(t, (socket) => socket.once("data", () => socket.end(answer)));
    const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "http" })] });
    statuses.push((await say(t, rig.port, get(`127.0.0.1:${port}`))).slice(9, 12));
    await rig.session.close();
  }
  t.strictSame(statuses, ["502", "999", "502", "502", "502", "502", "502", "200", "502", "502"]);
});

t.test(
  "a request behind its CONNECT, one with a body where none is usual, and one for nothing but a head",
  async (t) => {
    const port = await serveHttp(t, (asked, answer) => {
      const chunks: Buffer[] = [];
      asked.on("data", (chunk: Buffer) => chunks.push(chunk));
      asked.on("end", () => answer.end(`[${asked.method} ${Buffer.concat(chunks).toString()}]`));
    });
    const host = `127.0.0.1:${port}`;
    const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "http" })] });
    const head = `/ HTTP/1.1\r\nHost: ${host}\r\n`;
    const body = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    const text = `CONNECT ${host} HTTP/1.1\r\n\r\nGET ${head}${body}HEAD ${head}\r\nPOST ${head}Connection: close\r\n\r\n`;
    t.match(await say(t, rig.port, text), /Connection established[^]*\[GET abc\][^]*200 OK[^]*200 OK[^]*\[POST \]/);
    await rig.session.close();
    t.strictSame(
      rig
        .record()
        .map(({ method, status }) => `${method} ${status}`)
        .sort(),
      ["GET 200", "HEAD 200", "POST 200"],
    );
  },
);

t.test("a client that does not read makes the host wait, and memory stays what it is", async (t) => {
  let written = 0;
  const port = await serveTcp(t, (socket) => {
    const block = Buffer.alloc(256 * 1024);
    const more = (): void => {
      while (!socket.destroyed && socket.write(block)) {
        written += block.length;
      }
      written += block.length;
      socket.once("drain", more);
    };
    more();
  });
  const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "tcp" })], bytes: 2 ** 40 });
  const client = await connectThrough(t, rig.port, `127.0.0.1:${port}`);
  client.socket.pause();
  for (let before = -1, still = 0; still < 300; still = written === before ? still + 1 : 0) {
    before = written;
    await new Promise(setImmediate);
  }
  t.ok(written < 64 * 1024 * 1024, `${written} bytes were taken`);
  rig.session.end();
  const { use } = await rig.session.close();
  t.ok(use.bytesIn <= written);
});
