import type { Response } from "express";
import type { Authenticated } from "./authenticate.ts";
import { problemOf, type Refusal } from "./problem.ts";
import { sendProblem } from "./send-answer.ts";

/** What is known of a request on its way through. */
export type Passage = { readonly requestId: string; readonly begun: number; who?: Authenticated };

export function passageOf(response: Response): Passage {
  return (response.locals as { readonly passage: Passage }).passage;
}

/** Answers a problem. Asking without a good token, too often, or for bytes that are not there, is said in the headers as well. */
export function refuse(response: Response, fault: Refusal["fault"], errors?: Refusal["errors"]): void {
  const problem = problemOf(errors === undefined ? { fault } : { fault, errors }, passageOf(response).requestId);
  const challenge = `Bearer realm="packrun"`;
  const retry = fault.data?.["retryAfterSeconds"];
  const size = fault.code === "RANGE_INVALID" ? fault.data?.["size"] : undefined;
  const headers = {
    ...(problem.status === 401
      ? { "WWW-Authenticate": fault.code === "TOKEN_INVALID" ? `${challenge}, error="invalid_token"` : challenge }
      : {}),
    ...(fault.code === "TOKEN_SCOPE"
      ? { "WWW-Authenticate": `${challenge}, error="insufficient_scope", scope="${String(fault.data?.["scope"])}"` }
      : {}),
    ...(typeof size === "number" ? { "Content-Range": `bytes */${size}` } : {}),
    ...(typeof retry === "number" ? { "Retry-After": String(retry) } : {}),
  };
  const told = response.locals as { code?: string; problem?: string };
  told.code = fault.code;
  if (problem.status >= 500) {
    told.problem = fault.message;
  }
  leaveUnread(response);
  sendProblem(response, problem, headers);
}

/** How long the rest of a refused body is let run past before the connection is closed, in milliseconds. */
const RUN_PAST_MS = 1000;

/** A body of so many bytes is let run past whole: the connection can be used again, and cannot be reset under the refusal. */
const SMALL = 65_536;

/** A client that still sends does not read the refusal when the connection is closed at once. */
function leaveUnread(response: Response): void {
  const { req } = response;
  if (req.complete || req.headers["content-length"] === "0") {
    return;
  }
  if (req.headers["content-length"] === undefined && req.headers["transfer-encoding"] === undefined) {
    return;
  }
  const runPast = (): void => {
    const timer = setTimeout(() => req.destroy(), RUN_PAST_MS);
    req.once("close", () => clearTimeout(timer));
    req.on("error", () => undefined).resume();
  };
  if (Number(req.headers["content-length"] ?? Number.POSITIVE_INFINITY) <= SMALL) {
    runPast();
    return;
  }
  response.setHeader("Connection", "close");
  response.once("finish", runPast);
}
