import type { Request, RequestHandler, Response } from "express";
import { parseRunId, type RunId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { ok, type Result } from "#fault/result.ts";
import { apiCodes } from "./codes.ts";
import { passageOf, refuse } from "./refuse.ts";
import type { Refusal } from "./problem.ts";
import { boundedBody, BodyError, headProblem, readJsonBody } from "./read-body.ts";
import { checkHeaders, readParameters } from "./read-parameters.ts";
import { noMembers, type Call, type Desk, type GuardedRoute, type Route } from "./route.ts";
import { sendAnswer } from "./send-answer.ts";

/** Reads what a route takes of a request, has it handled, and sends what comes of it. */
export function handleRoute(route: Route, desk: Desk): RequestHandler {
  return async (request, response) => {
    response.locals["route"] = route.path;
    if (desk.stopping.aborted && route.scope !== undefined) {
      refuse(response, faultOf(apiCodes, "SERVER_STOPPING", { retryAfterSeconds: 1 }));
      return;
    }
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, desk.stopping]);
    const answer =
      route.scope === undefined
        ? await handleOpen(request, route, desk)
        : await handleCall(request, response, route, desk, signal);
    if (!answer.ok) {
      refuse(response, answer.fault.fault, answer.fault.errors);
      return;
    }
    await sendAnswer(response, route, answer.value, {
      isHead: request.method === "HEAD",
      held: request.get("if-none-match"),
      unreadMs: desk.limits.unreadMs,
    });
  };
}

async function handleOpen(
  request: Request,
  route: Extract<Route, { scope?: undefined }>,
  desk: Desk,
): ReturnType<typeof route.handle> {
  const query = readParameters(queryOf(request), noMembers);
  return query.ok ? route.handle({ desk }) : query;
}

async function handleCall(
  request: Request,
  response: Response,
  route: GuardedRoute,
  desk: Desk,
  signal: AbortSignal,
): ReturnType<GuardedRoute["handle"]> {
  const { who } = passageOf(response);
  if (who === undefined) {
    throw new Error(`${route.id} was reached without a bearer`);
  }
  const header = (name: string): string | undefined => request.get(name);
  const headers = checkHeaders(route.headers ?? [], header);
  const params = readParameters(pathOf(request), route.params ?? noMembers);
  const query = readParameters(queryOf(request), route.query ?? noMembers);
  for (const read of [headers, params, query]) {
    if (!read.ok) {
      return read;
    }
  }
  const { runId } = request.params;
  response.locals["runId"] = typeof runId === "string" ? parseRunId(runId) : undefined;
  await sayBegun(request, response, route, desk);
  const body = await bodyOf(request, route, desk);
  if (!body.ok || !params.ok || !query.ok) {
    return body as Result<never, Refusal>;
  }
  const call: Call<unknown, unknown, unknown> = {
    desk,
    workplace: desk.service.workplaceFor(who.bearer.tenantId),
    ...who,
    params: params.value,
    query: query.value,
    body: body.value,
    upload: uploadOf(request, route, desk),
    header,
    isHead: request.method === "HEAD",
    signal,
  };
  try {
    return await route.handle(call as Call<never, never, never>);
  } catch (error) {
    if (error instanceof BodyError) {
      return { ok: false, fault: { fault: error.fault } };
    }
    throw error;
  }
}

/** While somebody looks into a run, the log says what is asked of it when it is asked: streams end late. */
async function sayBegun(request: Request, response: Response, { path }: Route, { service, log }: Desk): Promise<void> {
  const { requestId, who } = passageOf(response);
  const runId = (response.locals as { readonly runId?: RunId }).runId;
  if (runId === undefined || who === undefined) {
    return;
  }
  const { tenantId, subject } = who.bearer;
  if (await service.traces({ tenantId, runId })) {
    const data = { method: request.method, route: path, tenant: tenantId, subject };
    log("debug", "request.begun", { requestId, runId, data });
  }
}

function queryOf(request: Request): URLSearchParams {
  const at = request.url.indexOf("?");
  return new URLSearchParams(at === -1 ? "" : request.url.slice(at + 1));
}

/** What a wildcard matched comes in parts. */
function pathOf({ params }: Request): readonly (readonly [string, string])[] {
  return Object.entries(params).map(([name, text]) => [name, Array.isArray(text) ? text.join("/") : text]);
}

async function bodyOf(
  request: Request,
  { body, method }: GuardedRoute,
  { limits }: Desk,
): Promise<Result<unknown, Refusal>> {
  if (body === undefined || method === "get") {
    return ok(undefined);
  }
  if (body.kind === "bytes") {
    const fault = headProblem(request, body.mediaTypes, limits[body.limit]);
    return fault === undefined ? ok(undefined) : { ok: false, fault: { fault } };
  }
  const { bodyBytes: bytes, bodyMs } = limits;
  return readJsonBody(request, body.shape, { bytes, wholeMs: bodyMs, idleMs: bodyMs });
}

function uploadOf(request: Request, { body }: GuardedRoute, { limits }: Desk): AsyncIterable<Uint8Array> {
  return body?.kind === "bytes"
    ? boundedBody(request, { bytes: limits[body.limit], idleMs: limits.bodyMs })
    : boundedBody(request, { bytes: 0, idleMs: 1 });
}
