import type { IncomingMessage, RequestOptions, ServerResponse } from "node:http";
import type { Fault } from "#fault/fault.ts";
import type { AttemptNetwork } from "./attempt-network.ts";
import type { EgressCode } from "./codes.ts";
import type { Route } from "./dial.ts";
import type { EgressTry } from "./egress-try.ts";
import { endToEnd, framingOf, type Framing, type RawHeaders } from "./forwarded-headers.ts";
import type { Asked } from "./host-pool.ts";
import { MeteredSocket } from "./metered-socket.ts";
import { refusalHeaders, refusalText, statusOf } from "./refusal-answer.ts";
import { hostHeader } from "./target.ts";

/** Bytes of the head of an answer. */
const MOST_HEAD = 64 * 1024;

/** What a request is when all of it has been looked at. */
export type Forwarded = { readonly path: string; readonly framing: Framing };
export type Exchange = { readonly asked: IncomingMessage; readonly answer: ServerResponse };

/** Passes one HTTP request on, and its answer back. */
export async function forwardRequest(
  network: AttemptNetwork,
  attempt: EgressTry,
  forwarded: Forwarded,
  exchange: Exchange,
): Promise<void> {
  const { asked, answer } = exchange;
  answer.on("close", () => {
    if (!attempt.isDialled) {
      attempt.cut("EGRESS_ENDED");
      attempt.end();
    }
  });
  const admitted = await network.admit(attempt);
  if (!admitted.ok) {
    answerRefusal(answer, admitted.fault);
    return;
  }
  const route = admitted.value;
  const kept =
    route.kind === "addresses" && mayBeRepeated(asked, forwarded)
      ? network.pool.find(attempt.wanted, route.addresses)
      : undefined;
  if (kept === undefined) {
    await passAnew(network, attempt, route, { forwarded, exchange });
    return;
  }
  attempt.dial(kept.address);
  const over = network.pool.ask(attempt, kept, undefined, requestOf(attempt, forwarded, asked, true));
  // The host may just have closed it, and then nobody has seen the request.
  const isStale = await new Promise<boolean>((resolve) => {
    pass(attempt, forwarded, over, exchange, () => resolve(true));
    answer.once("close", () => resolve(false));
  });
  if (isStale) {
    await passAnew(network, attempt, route, { forwarded, exchange });
  }
}

/** What can be said twice without doing it twice: only that goes over a connection that was used before. */
function mayBeRepeated({ method = "" }: IncomingMessage, { framing }: Forwarded): boolean {
  return framing.kind === "none" && /^(?:GET|HEAD|OPTIONS)$/.test(method);
}

/** Over a connection of its own, which a later request may use too. */
async function passAnew(
  network: AttemptNetwork,
  attempt: EgressTry,
  route: Route,
  { forwarded, exchange }: { readonly forwarded: Forwarded; readonly exchange: Exchange },
): Promise<void> {
  const { asked, answer } = exchange;
  const reached = await network.dial(attempt, route);
  if (reached === undefined) {
    answerRefusal(answer, attempt.refuse("EGRESS_UPSTREAM"));
    return;
  }
  const { socket, address } = reached;
  const connection = new MeteredSocket(socket, attempt);
  if (answer.destroyed) {
    connection.destroy();
    return;
  }
  const { host, port } = attempt.wanted;
  const options = requestOf(attempt, forwarded, asked, address !== undefined);
  const over = network.pool.ask(attempt, { host, port, address: address ?? "" }, connection, options);
  pass(attempt, forwarded, over, exchange);
}

export function answerRefusal(answer: ServerResponse, fault: Fault<EgressCode>): void {
  if (answer.headersSent || answer.destroyed) {
    answer.socket?.destroySoon();
    return;
  }
  answer.shouldKeepAlive = false;
  answer.writeHead(statusOf(fault.code), refusalHeaders(fault));
  answer.end(refusalText(fault));
}

/** Host, framing and the end of the connection are written anew; nothing else is added. */
function requestOf(
  { wanted }: EgressTry,
  { path, framing }: Forwarded,
  asked: IncomingMessage,
  mayBeKept: boolean,
): RequestOptions {
  const headers = ["Host", hostHeader({ ...wanted, scheme: "http" })];
  headers.push(...endToEnd(asked.rawHeaders, new Set(["host", "content-length"])));
  if (framing.kind === "length") {
    headers.push("Content-Length", framing.length);
  } else if (framing.kind === "chunked") {
    headers.push("Transfer-Encoding", "chunked");
  }
  headers.push("Connection", mayBeKept ? "keep-alive" : "close");
  return {
    method: asked.method ?? "GET",
    path,
    headers,
    setHost: false,
    insecureHTTPParser: false,
    maxHeaderSize: MOST_HEAD,
  };
}

/** `again` is there for a connection that was used before. */
function pass(
  attempt: EgressTry,
  { framing }: Forwarded,
  { passed, connection }: Asked,
  { asked, answer }: Exchange,
  again?: () => void,
): void {
  let isAnswered = false;
  const broken = (problem: string): void => {
    // A client that hung up is no fault of the host's.
    if (!answer.destroyed) {
      answerRefusal(answer, attempt.refuse("EGRESS_UPSTREAM", { problem }));
    }
    connection.destroy();
  };
  const failed = (error: NodeJS.ErrnoException): void => {
    if (again === undefined || isAnswered || attempt.fault !== undefined || answer.destroyed) {
      broken(error.code ?? error.message);
      return;
    }
    connection.detach();
    connection.destroy();
    again();
  };
  passed.maxHeadersCount = 0;
  passed.on("error", failed);
  passed.on("upgrade", () => broken("it changed the protocol unasked"));
  passed.on("response", (received) => {
    isAnswered = true;
    giveBack(attempt, received, answer, broken);
  });
  answer.on("close", () => {
    // A try that has ended left its connection to others.
    if (!attempt.hasEnded && !passed.destroyed) {
      passed.destroy();
      connection.destroy();
    }
  });
  if (framing.kind === "none") {
    passed.end();
    return;
  }
  asked.on("error", () => connection.destroy());
  asked.pipe(passed);
}

function giveBack(
  attempt: EgressTry,
  received: IncomingMessage,
  answer: ServerResponse,
  broken: (problem: string) => void,
): void {
  attempt.status = received.statusCode ?? 0;
  if (framingOf(received.rawHeaders) === undefined) {
    broken("the length of its answer has two meanings");
    return;
  }
  if (!answerHead(attempt.status, received.rawHeaders, answer)) {
    broken("the head of its answer cannot be passed on");
    return;
  }
  received.on("data", (chunk: Buffer) => {
    if (!answer.write(chunk)) {
      received.pause();
      answer.once("drain", () => received.resume());
    }
  });
  // An answer without a length ends with its connection: a cut must not look like its end.
  received.on("end", () => (attempt.fault === undefined ? answer.end() : broken("it was cut")));
  received.on("error", (error: NodeJS.ErrnoException) => broken(error.code ?? error.message));
}

/** False for a status or a header that HTTP does not have: hosts may say anything. */
function answerHead(status: number, headers: RawHeaders, answer: ServerResponse): boolean {
  try {
    answer.sendDate = false;
    answer.writeHead(status, endToEnd(headers));
    return true;
  } catch {
    return false;
  }
}
