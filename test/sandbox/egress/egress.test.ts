import { createServer as createTlsServer, connect as connectTls } from "node:tls";
import { once } from "node:events";
import t from "tap";
import { certificate, connectThrough, openRig, portOf, raw, rule, serveHttp, serveTcp } from "./egress-rig.ts";

const identity = certificate("DNS:a.example.test,DNS:b.example.test,IP:127.0.0.1");

t.test("a tunnel carries TLS to the host that its rule names, and leaves one line", async (t) => {
  const server = createTlsServer(identity, (socket) => socket.pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const port = portOf(server);
  const {
    session,
    port: door,
    record,
  } = await openRig(t, { rules: [rule("a.example.test", port, { allowPrivate: true })] });
  const { socket } = await connectThrough(t, door, `a.example.test:${port}`);
  socket.removeAllListeners("data");
  const tls = connectTls({ socket, servername: "a.example.test", ca: identity.cert });
  tls.write("hello");
  const [echo] = (await once(tls, "data")) as [Buffer];
  t.equal(echo.toString(), "hello");
  tls.end();
  await once(tls, "close");
  const { use, denied } = await session.close();
  t.strictSame(denied, []);
  t.match(record(), [
    { sequence: 1, protocol: "tls", host: "a.example.test", port, decision: "allowed", address: "127.0.0.1" },
  ]);
  t.equal(record()[0]?.bytesIn, use.bytesIn);
});

t.test("a request is passed on with its Host and leaves method, path and status", async (t) => {
  const port = await serveHttp(t, (asked, answer) => answer.end(`${asked.method} ${asked.url} ${asked.headers.host}`));
  const {
    session,
    port: door,
    record,
  } = await openRig(t, {
    rules: [rule("web.example.test", port, { protocol: "http", allowPrivate: true })],
  });
  const client = await raw(t, door);
  const target = `web.example.test:${port}`;
  client.socket.write(`GET http://${target}/a/b?secret=1 HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n\r\n`);
  t.match((await client.closed).toString(), `GET /a/b?secret=1 ${target}`);
  await session.close();
  t.match(record(), [{ protocol: "http", method: "GET", path: "/a/b", status: 200, decision: "allowed" }]);
});

t.test("tcp is carried as it is, both ways, and half-closed ends arrive", async (t) => {
  const port = await serveTcp(t, (socket) => {
    let seen = "";
    socket.on("data", (chunk: Buffer) => (seen += chunk.toString()));
    socket.on("end", () => socket.end(`got ${seen}`));
  });
  const { session, port: door, record } = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "tcp" })] });
  const client = await connectThrough(t, door, `127.0.0.1:${port}`);
  client.socket.end("abc");
  t.match((await client.closed).toString(), /got abc$/);
  const { use } = await session.close();
  t.strictSame(use, { requests: 1, bytesIn: 7, bytesOut: 3 });
  t.match(record(), [{ bytesIn: 7, bytesOut: 3 }]);
});
