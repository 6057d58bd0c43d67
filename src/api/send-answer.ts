import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { misfitsOf } from "#canon/shape.ts";
import { isHeld } from "./entity-tag.ts";
import type { Answer, Route } from "./route.ts";
import type { Problem } from "./problem.ts";

/** Sends a problem document. Nothing was sent before. */
export function sendProblem(
  response: ServerResponse,
  problem: Problem,
  headers: Readonly<Record<string, string>>,
): void {
  const body = Buffer.from(JSON.stringify(problem));
  response.writeHead(problem.status, {
    "Content-Type": "application/problem+json",
    "Content-Length": body.length,
    "Cache-Control": "no-store",
    ...headers,
  });
  response.end(body);
}

export type Sending = {
  readonly isHead: boolean;
  /** `If-None-Match`: ETags that the client has. */
  readonly held: string | undefined;
  /** How long the client may read nothing, in milliseconds. */
  readonly unreadMs: number;
};

/** Sends an answer of a route; rejects when nothing was sent yet, and closes the connection when it broke off. */
export async function sendAnswer(response: ServerResponse, route: Route, answer: Answer, how: Sending): Promise<void> {
  switch (answer.kind) {
    case "json":
      sendJson(response, route, answer, how);
      return;
    case "empty":
      response.writeHead(answer.status, answer.headers).end();
      return;
    case "stream":
      await sendStream(response, answer, how);
  }
}

function sendJson(
  response: ServerResponse,
  route: Route,
  answer: Extract<Answer, { kind: "json" }>,
  how: Sending,
): void {
  const form = route.answers[answer.status];
  if (form === undefined || !("shape" in form)) {
    throw new Error(`${route.id} answers ${answer.status}, which it does not declare`);
  }
  const [misfit] = misfitsOf(form.shape, answer.body);
  if (misfit !== undefined) {
    throw new Error(`the answer of ${route.id} does not fit at /${misfit.path.join("/")}: ${misfit.problem}`);
  }
  const body = Buffer.from(JSON.stringify(answer.body));
  const etag = `"${createHash("sha256").update(body).digest("base64url")}"`;
  const isRead = route.method === "get" && answer.status === 200;
  const headers = {
    ...(isRead ? { ETag: etag, "Cache-Control": "private, no-cache" } : { "Cache-Control": "no-store" }),
    ...answer.headers,
  };
  if (isRead && isHeld(how.held, etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(answer.status, { "Content-Type": "application/json", "Content-Length": body.length, ...headers });
  response.end(how.isHead ? undefined : body);
}

async function sendStream(
  response: ServerResponse,
  answer: Extract<Answer, { kind: "stream" }>,
  how: Sending,
): Promise<void> {
  const { status, mediaType, headers, length, live } = answer;
  const chunks = answer.chunks[Symbol.asyncIterator]();
  const head = (): void => {
    const size = length === undefined ? {} : { "Content-Length": length };
    response.writeHead(status, { "Content-Type": mediaType, ...size, ...headers });
    response.flushHeaders();
  };
  try {
    if (live === true) {
      head();
    }
    // What fails before the first bytes can still be answered by a problem.
    let next = await chunks.next();
    if (live !== true) {
      head();
    }
    while (next.done !== true && !response.destroyed) {
      if (!response.write(next.value) && !(await isReadOn(response, how.unreadMs))) {
        response.destroy();
        return;
      }
      next = await chunks.next();
    }
    response.end();
  } finally {
    await chunks.return?.();
  }
}

/** Waits until the client has read what was sent; false when it does not. Nothing more is held in memory meanwhile. */
async function isReadOn(response: ServerResponse, milliseconds: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const drained = (): void => resolve(true);
  const gone = (): void => resolve(false);
  const timer = setTimeout(gone, milliseconds);
  response.once("drain", drained).once("close", gone);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    response.off("drain", drained).off("close", gone);
  }
}
