import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { tickingClock } from "../../port/ticking-clock.ts";
import { openRig, raw, rule, serveTcp, type Raw, type Rig } from "./egress-rig.ts";

const NAME = "a.example.test";

type Counting = { readonly port: number; connections: number; readonly asked: string[] };

async function serve(t: Test, change: (server: Server) => void = () => undefined): Promise<Counting> {
  const server = createServer((asked, answer) => {
    counting.asked.push(`${asked.method ?? ""} ${asked.headers.connection ?? "-"}`);
    asked.resume().on("end", () => answer.end("ok"));
  });
  server.keepAliveTimeout = 0;
  change(server);
  const counting: Counting = { port: 0, connections: 0, asked: [] };
  server.on("connection", () => (counting.connections += 1));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(counting, { port: (server.address() as AddressInfo).port });
}

/** One request on a connection that stays, and its whole answer. */
async function ask(client: Raw, port: number, name = NAME, method = "GET"): Promise<void> {
  const before = client.text().split("\r\n\r\nok").length;
  const host = `${name}:${port}`;
  client.socket.write(
    `${method} http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`.replace(
      method === "GET" ? "Content-Length: 0\r\n" : "",
      "",
    ),
  );
  while (client.text().split("\r\n\r\nok").length === before) {
    await Promise.race([once(client.socket, "data"), client.closed]);
  }
  // The connection is free again in the turn after the answer.
  await new Promise(setImmediate);
}

const openHttp = async (t: Test, port: number, more: Parameters<typeof openRig>[1]["options"] = {}): Promise<Rig> =>
  openRig(t, {
    rules: ["a", "b"].map((name) => rule(`${name}.example.test`, port, { protocol: "http", allowPrivate: true })),
    options: more,
  });

t.test(
  "requests of one attempt to one host follow each other over one connection, each counted by itself",
  async (t) => {
    const server = await serve(t);
    const rig = await openHttp(t, server.port);
    const client = await raw(t, rig.port);
    const other = await raw(t, rig.port);
    for (let number = 0; number < 20; number += 1) {
      await ask(number % 2 === 0 ? client : other, server.port);
    }
    t.equal(server.connections, 1);
    t.equal(server.asked[0], "GET keep-alive");
    await ask(client, server.port, "b.example.test");
    t.equal(server.connections, 2, "another host has another one, though its address is the same");
    const { use } = await rig.session.close();
    t.equal(use.requests, 21);
    const sizes = new Set(rig.record().map(({ bytesIn, bytesOut, reason }) => `${bytesIn} ${bytesOut} ${reason}`));
    t.equal(sizes.size, 1, "as many bytes for each");
  },
);

t.test("no connection is kept for another attempt, nor longer than a while", async (t) => {
  const server = await serve(t);
  const clock = tickingClock();
  const rig = await openHttp(t, server.port, { clock });
  const client = await raw(t, rig.port);
  await ask(client, server.port);
  clock.tick(3_999);
  await ask(client, server.port);
  t.equal(server.connections, 1);
  clock.tick(4_000);
  await ask(client, server.port);
  t.equal(server.connections, 2);
  await rig.session.close();
  const again = await openHttp(t, server.port);
  await ask(await raw(t, again.port), server.port);
  t.equal(server.connections, 3);
});

t.test("the address is vetted for every request, and a connection to another one is not used", async (t) => {
  const server = await serve(t);
  const answers = [["127.0.0.1"], ["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1"]];
  const rig = await openHttp(t, server.port, { resolve: async () => answers.shift() ?? [] });
  const client = await raw(t, rig.port);
  await ask(client, server.port);
  await ask(client, server.port);
  const refused = await raw(t, rig.port);
  refused.socket.write(`GET http://${NAME}:${server.port}/ HTTP/1.1\r\nHost: ${NAME}:${server.port}\r\n\r\n`);
  t.match((await refused.closed).toString(), /403 [^]*EGRESS_ADDRESS/);
  await ask(client, server.port);
  t.equal(server.connections, 1);
});

t.test("what cannot be said twice never goes over a connection that was used", async (t) => {
  const server = await serve(t);
  const rig = await openHttp(t, server.port);
  const client = await raw(t, rig.port);
  await ask(client, server.port);
  await ask(client, server.port, NAME, "POST");
  await ask(client, server.port, NAME, "DELETE");
  t.equal(server.connections, 3);
});

t.test("a connection that the host closes under a request is made anew, within the same try", async (t) => {
  let connections = 0;
  const port = await serveTcp(t, (socket) => {
    connections += 1;
    let asked = 0;
    socket.on("data", () => {
      asked += 1;
      if (asked === 1) {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      } else {
        socket.destroy();
      }
    });
  });
  const rig = await openHttp(t, port);
  const client = await raw(t, rig.port);
  await ask(client, port);
  await ask(client, port);
  t.equal(connections, 2);
  const { use } = await rig.session.close();
  t.equal(use.requests, 2);
  const [first, second] = rig.record();
  t.match(second, { decision: "allowed", status: 200 });
  t.equal(second?.reason, undefined);
  t.equal(second?.bytesOut, 2 * (first?.bytesOut ?? 0), "what was sent twice counts twice");
});

t.test("an answer that nobody asked for ends its connection and reaches nobody", async (t) => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  let connections = 0;
  const port = await serveTcp(t, (socket) => {
    connections += 1;
    socket.on("data", () => {
      socket.write(answer);
      setImmediate(() => socket.write(answer.replace("ok", "no")));
    });
  });
  const rig = await openHttp(t, port);
  const client = await raw(t, rig.port);
  for (let number = 0; number < 3; number += 1) {
    await ask(client, port);
    await ask(client, port, "b.example.test").catch(() => undefined);
  }
  t.ok(connections >= 2);
  t.notMatch(client.text(), /\r\n\r\nno/);
});

t.test("a quota that ends in the middle of a connection's life ends it there", async (t) => {
  const server = await serve(t);
  const rig = await openRig(t, {
    rules: [rule(NAME, server.port, { protocol: "http", allowPrivate: true })],
    bytes: 1000,
  });
  const client = await raw(t, rig.port);
  const host = `${NAME}:${server.port}`;
  for (let number = 0; number < 10; number += 1) {
    client.socket.write(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  }
  await client.closed;
  const { use } = await rig.session.close();
  t.equal(use.bytesIn + use.bytesOut, 1000);
});
