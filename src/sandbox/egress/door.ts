import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Server, Socket } from "node:net";
import type { FaultData } from "#fault/fault.ts";
import { MOST_AT_ONCE, type AttemptNetwork } from "./attempt-network.ts";
import type { EgressCode } from "./codes.ts";
import type { EgressTry, Wanted } from "./egress-try.ts";
import { nodeHttp } from "./node-http.ts";
import { answerRefusal, forwardRequest, type Exchange } from "./forward-request.ts";
import { hangUp, refusalBytes, turnAway } from "./refusal-answer.ts";
import { readRequest, unreadHost } from "./read-request.ts";
import { readAbsolute, readAuthority, type WrittenHost } from "./target.ts";
import { ESTABLISHED, tunnel } from "./tunnel.ts";

/** Bytes of the head of a request. */
const MOST_HEAD = 16 * 1024;
/** For the whole head of a request, from the end of the one before it. */
const HEAD_MS = 10_000;

/** A connection from inside. `pinned` once it asked for a tunnel to a host whose rule has protocol http. */
type Visit = { pinned?: WrittenHost; readonly tries: Set<EgressTry>; isOver: boolean; stopTimer?: () => void };

/** The proxy that the processes of a step speak to: CONNECT, and HTTP requests in absolute form. */
export class Door {
  readonly #network: AttemptNetwork;
  readonly #http: HttpServer;
  readonly #servers = new Set<Server>();
  readonly #visits = new Map<Socket, Visit>();
  #isShut = false;

  constructor(network: AttemptNetwork) {
    this.#network = network;
    this.#http = nodeHttp().createServer({
      insecureHTTPParser: false,
      maxHeaderSize: MOST_HEAD,
      requireHostHeader: false,
    });
    network.spare.open();
    // Headers beyond a count would be dropped silently, the one with the length among them.
    this.#http.maxHeadersCount = 0;
    // Times are kept by the clock that was given, not by the server.
    this.#http.keepAliveTimeout = 0;
    this.#http.on("request", (asked, answer) => this.#request({ asked, answer }));
    this.#http.on("checkExpectation", (asked, answer) => this.#request({ asked, answer }));
    this.#http.on("connect", (asked, socket, head: Buffer) => this.#connect(asked, socket as Socket, head));
    this.#http.on("upgrade", (asked, socket) => this.#upgrade(asked, socket as Socket));
    this.#http.on("clientError", (error: NodeJS.ErrnoException, socket) => this.#unreadable(error, socket as Socket));
  }

  serve(server: Server): void {
    this.#servers.add(server);
    server.on("connection", (socket) => this.#visit(socket));
    server.on("error", () => undefined);
    if (this.#isShut) {
      this.shut();
    }
  }

  /** Ends everything, now. */
  shut(): void {
    this.#isShut = true;
    for (const server of this.#servers) {
      server.close();
    }
    this.#servers.clear();
    for (const [socket, { stopTimer }] of this.#visits) {
      stopTimer?.();
      socket.destroy();
    }
  }

  #visit(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    const isFull = [...this.#visits.values()].filter(({ isOver }) => !isOver).length >= MOST_AT_ONCE;
    // Those that were refused and have not hung up yet take no place of others, up to as many again.
    if (this.#isShut || this.#visits.size >= 2 * MOST_AT_ONCE) {
      socket.destroy();
    } else {
      // A client may end its side first and still get its answer.
      socket.allowHalfOpen = true;
      socket.setNoDelay(true);
    }
    const visit: Visit = { tries: new Set(), isOver: socket.destroyed };
    this.#visits.set(socket, visit);
    socket.on("close", () => {
      visit.isOver = true;
      visit.stopTimer?.();
      this.#visits.delete(socket);
    });
    const { spare } = this.#network;
    const isLast = !spare.takeBack();
    spare.leaveOne();
    if (!visit.isOver && isLast) {
      visit.isOver = true;
      const fault = this.#network.begin(unread()).fail("EGRESS_DESCRIPTORS", { target: "a host" });
      turnAway(socket, this.#network.clock, refusalBytes(fault));
    } else if (isFull) {
      this.#refuse(socket, unread(), "EGRESS_TOO_MANY", { target: "a host", limit: MOST_AT_ONCE });
    } else if (!visit.isOver) {
      this.#awaitHead(socket, visit);
      this.#http.emit("connection", socket);
    }
  }

  #awaitHead(socket: Socket, visit: Visit): void {
    const before = socket.bytesRead;
    visit.stopTimer?.();
    visit.stopTimer = this.#network.clock.after(HEAD_MS, () => {
      if (socket.bytesRead === before) {
        // Kept open without a word: nothing was tried.
        socket.destroy();
      } else {
        this.#refuse(socket, unread(visit.pinned), "EGRESS_TIMEOUT");
      }
    });
  }

  #connect(asked: IncomingMessage, socket: Socket, head: Buffer): void {
    const visit = this.#open(socket);
    const text = asked.url ?? "";
    const target = readAuthority(text);
    if (visit?.pinned !== undefined) {
      this.#refuse(socket, { ...visit.pinned, protocol: "http", method: "CONNECT" }, "EGRESS_UPGRADE");
    } else if (target === undefined) {
      this.#refuse(socket, unread(unreadHost(text)), "EGRESS_MALFORMED", {
        problem: "CONNECT takes host:port",
      });
    } else if (visit !== undefined) {
      const protocol = this.#network.protocolFor(target.host, target.port) ?? "tls";
      if (protocol === "http") {
        this.#pin(socket, visit, target, head);
      } else {
        const attempt = this.#network.begin({ ...target, protocol });
        this.#carry(tunnel(this.#network, attempt, { socket, head }), attempt, socket);
      }
    }
  }

  /** The requests inside are read as all others are, each a try of its own. */
  #pin(socket: Socket, visit: Visit, target: WrittenHost, head: Buffer): void {
    visit.pinned = target;
    socket.write(ESTABLISHED);
    if (head.length > 0) {
      socket.unshift(head);
    }
    this.#awaitHead(socket, visit);
    this.#http.emit("connection", socket);
  }

  #request(exchange: Exchange): void {
    const { asked, answer } = exchange;
    const { socket } = asked;
    const visit = this.#open(socket);
    if (visit === undefined) {
      answer.destroy();
      return;
    }
    // A client that hangs up is seen by the end of its answer.
    asked.on("error", () => undefined);
    answer.on("error", () => undefined);
    const read = readRequest(asked, visit.pinned);
    const attempt = this.#network.begin(read.wanted);
    visit.tries.add(attempt);
    answer.on("close", () => {
      visit.tries.delete(attempt);
      if (visit.tries.size === 0 && !visit.isOver) {
        this.#awaitHead(socket, visit);
      }
    });
    if (read.kind === "request") {
      this.#carry(forwardRequest(this.#network, attempt, read, exchange), attempt, socket);
    } else {
      answerRefusal(answer, attempt.fail(read.code, read.data));
    }
  }

  #upgrade(asked: IncomingMessage, socket: Socket): void {
    const target = this.#open(socket)?.pinned ?? readAbsolute(asked.url ?? "");
    const wanted = { ...unread(target), ...(target === undefined ? {} : { protocol: "http" as const }) };
    this.#refuse(socket, { ...wanted, method: asked.method ?? "" }, "EGRESS_UPGRADE");
  }

  /** Bytes that are no HTTP, and connections that broke. */
  #unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    const visit = this.#open(socket);
    if (visit === undefined || error.code?.startsWith("HPE_") !== true) {
      socket.destroy();
      return;
    }
    const data = { problem: `it is no HTTP/1.1 (${error.code})` };
    if (visit.tries.size === 0) {
      this.#refuse(socket, unread(visit.pinned), "EGRESS_MALFORMED", data);
      return;
    }
    // What is wrong is the body of a request that is being passed on, or what follows it.
    for (const attempt of visit.tries) {
      attempt.cut("EGRESS_MALFORMED", data);
    }
    socket.destroy();
  }

  /** The connection that something was read on, whose time for that is over; undefined when it was refused before. */
  #open(socket: Socket): Visit | undefined {
    const visit = this.#visits.get(socket);
    visit?.stopTimer?.();
    return visit?.isOver === false ? visit : undefined;
  }

  /** Answers for a connection as a whole, once. */
  #refuse(socket: Socket, wanted: Wanted, code: EgressCode, data: FaultData = {}): void {
    const visit = this.#visits.get(socket);
    if (visit !== undefined) {
      visit.isOver = true;
    }
    const fault = this.#network.begin(wanted).fail(code, data);
    hangUp(socket, this.#network.clock, refusalBytes(fault));
  }

  /** What fails here is a defect; it must not leave anything open. */
  #carry(work: Promise<void>, attempt: EgressTry, socket: Socket): void {
    work.catch((error: unknown) => {
      attempt.cut("EGRESS_UPSTREAM", {
        problem: error instanceof Error ? error.message : "it could not be carried out",
      });
      attempt.end();
      socket.destroy();
    });
  }
}

/** What stands in the record of something that could not be read, inside a tunnel or not. */
function unread({ host, port, written = host }: WrittenHost = { host: "", port: 0 }): Wanted {
  return { host, port, written, protocol: "unknown" };
}
