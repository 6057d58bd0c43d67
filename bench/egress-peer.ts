import { once } from "node:events";
import { Agent, createServer as createHttpServer, request } from "node:http";
import { connect, type AddressInfo, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";

/** Both ends of what passes the proxy, in a thread of their own: servers, and clients that go there directly or not. */
export type PeerOrder =
  | { readonly what: "download" | "upload"; readonly bytes: number; readonly door: number | undefined }
  | { readonly what: "requests"; readonly count: number; readonly door: number | undefined };
export type PeerPorts = { readonly tls: number; readonly http: number };
export type PeerIdentity = { readonly host: string; readonly key: string; readonly cert: string };

const { host: peerHost, ...identity } = workerData as PeerIdentity;
const block = Buffer.alloc(256 * 1024, "x");

/** The first eight bytes say how much is asked for, or how much will come. */
const tlsServer = createTlsServer({ ...identity, noDelay: true }, (socket) => {
  socket.on("error", () => undefined);
  socket.once("data", (head: Buffer) => {
    const asked = Number(head.readBigInt64BE(0));
    if (asked >= 0) {
      send(socket, asked);
    } else {
      let left = -asked - (head.length - 8);
      socket.on("data", (chunk: Buffer) => {
        left -= chunk.length;
        if (left <= 0) {
          socket.end("done");
        }
      });
    }
  });
});
const httpServer = createHttpServer((_, answer) => answer.end("ok"));

function send(socket: Socket, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      if (!socket.write(part)) {
        socket.once("drain", more);
        return;
      }
    }
    socket.end();
  };
  more();
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function tunnelTo(port: number, door: number | undefined): Promise<Socket> {
  const socket = connect({ port: door ?? port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  if (door !== undefined) {
    socket.write(`CONNECT ${peerHost}:${port} HTTP/1.1\r\nHost: ${peerHost}:${port}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    if (!answer.toString().startsWith("HTTP/1.1 200")) {
      throw new Error(answer.toString());
    }
  }
  return socket;
}

async function transfer(order: Extract<PeerOrder, { bytes: number }>, ports: PeerPorts): Promise<void> {
  const socket = connectTls({
    socket: await tunnelTo(ports.tls, order.door),
    servername: peerHost,
    ca: identity.cert,
  });
  await once(socket, "secureConnect");
  const head = Buffer.alloc(8);
  head.writeBigInt64BE(BigInt(order.what === "download" ? order.bytes : -order.bytes));
  socket.write(head);
  if (order.what === "upload") {
    send(socket, order.bytes);
  }
  let seen = 0;
  socket.on("data", (chunk: Buffer) => {
    seen += chunk.length;
  });
  await once(socket, "end");
  socket.destroy();
  if (seen !== (order.what === "download" ? order.bytes : 4)) {
    throw new Error(`${seen} of ${order.bytes} bytes came`);
  }
}

async function get(agent: Agent, port: number, door: number | undefined): Promise<void> {
  const target = `${peerHost}:${port}`;
  const asked = request({
    agent,
    host: "127.0.0.1",
    port: door ?? port,
    path: door === undefined ? "/" : `http://${target}/`,
    headers: { host: target },
  });
  asked.end();
  const [answer] = (await once(asked, "response")) as [NodeJS.ReadableStream & { statusCode: number }];
  answer.resume();
  await once(answer, "end");
  if (answer.statusCode !== 200) {
    throw new Error(`the answer was ${answer.statusCode}`);
  }
}

const ports: PeerPorts = { tls: await listen(tlsServer), http: await listen(httpServer) };
parentPort?.on("message", (order: PeerOrder) => {
  const work = async (): Promise<void> => {
    if (order.what !== "requests") {
      await transfer(order, ports);
      return;
    }
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let number = 0; number < order.count; number += 1) {
      await get(agent, ports.http, order.door);
    }
    agent.destroy();
  };
  work().then(
    () => parentPort?.postMessage({ done: true }, []),
    (error: unknown) => parentPort?.postMessage({ error: String(error) }, []),
  );
});
parentPort?.postMessage(ports, []);
