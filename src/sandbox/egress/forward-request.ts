import { request, type IncomingMessage, type ServerResponse, type ClientRequest } from "node:http";
import type { Fault } from "#fault/fault.ts";
import type { AttemptNetwork } from "./attempt-network.ts";
import type { EgressCode } from "./codes.ts";
import type { EgressTry } from "./egress-try.ts";
import { endToEnd, framingOf, type Framing, type RawHeaders } from "./forwarded-headers.ts";
import type { MeteredSocket } from "./metered-socket.ts";
import { refusalHeaders, refusalText, statusOf } from "./refusal-answer.ts";
import { hostHeader } from "./target.ts";

/** Bytes of the head of an answer. */
const MOST_HEAD = 64 * 1024;

/** What a request is when all of it has been looked at. */
export type Forwarded = { readonly path: string; readonly framing: Framing };
export type Exchange = { readonly asked: IncomingMessage; readonly answer: ServerResponse };

/** Passes one HTTP request on, over a connection of its own, and its answer back. */
export async function forwardRequest(
  network: AttemptNetwork,
  attempt: EgressTry,
  forwarded: Forwarded,
  { asked, answer }: Exchange,
): Promise<void> {
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
  const host = await network.dial(attempt, admitted.value);
  if (host === undefined) {
    answerRefusal(answer, attempt.refuse("EGRESS_UPSTREAM"));
    return;
  }
  host.on("close", () => attempt.end());
  if (answer.destroyed) {
    host.destroy();
    return;
  }
  pass(attempt, startRequest(attempt, forwarded, asked, host), { asked, answer }, host);
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
function startRequest(
  { wanted }: EgressTry,
  { path, framing }: Forwarded,
  asked: IncomingMessage,
  host: MeteredSocket,
): ClientRequest {
  const headers = ["Host", hostHeader({ ...wanted, scheme: "http" })];
  headers.push(...endToEnd(asked.rawHeaders, new Set(["host", "content-length"])));
  if (framing.kind === "length") {
    headers.push("Content-Length", framing.length);
  } else if (framing.kind === "chunked") {
    headers.push("Transfer-Encoding", "chunked");
  }
  headers.push("Connection", "close");
  return request({
    createConnection: () => host,
    method: asked.method ?? "GET",
    path,
    headers,
    setHost: false,
    insecureHTTPParser: false,
    maxHeaderSize: MOST_HEAD,
  });
}

function pass(attempt: EgressTry, passed: ClientRequest, { asked, answer }: Exchange, host: MeteredSocket): void {
  const broken = (problem: string): void => {
    // A client that hung up is no fault of the host's.
    if (!answer.destroyed) {
      answerRefusal(answer, attempt.refuse("EGRESS_UPSTREAM", { problem }));
    }
    host.destroy();
  };
  passed.maxHeadersCount = 0;
  passed.on("error", (error: NodeJS.ErrnoException) => broken(error.code ?? error.message));
  passed.on("upgrade", () => broken("it changed the protocol unasked"));
  passed.on("response", (received) => {
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
  });
  answer.on("close", () => {
    passed.destroy();
    host.destroy();
  });
  asked.on("error", () => host.destroy());
  asked.pipe(passed);
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
