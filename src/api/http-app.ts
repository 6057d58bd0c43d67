import { randomUUID } from "node:crypto";
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import helmet from "helmet";
import { faultOf } from "#fault/code-table.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Authenticate } from "./authenticate.ts";
import { apiCodes } from "./codes.ts";
import type { HostCheck } from "./host-check.ts";
import { handleRoute } from "./handle-route.ts";
import type { Fault } from "#fault/fault.ts";
import { BodyError, hasBody } from "./read-body.ts";
import { passageOf, refuse, type Passage } from "./refuse.ts";
import { routeTable } from "./route-table.ts";
import type { Desk, GuardedRoute, Route } from "./route.ts";
import { statusOf } from "./status-table.ts";

const MINUTE_MS = 60_000;

/** The server's paths on Express, all of them from the route table. */
export function httpApp(
  desk: Desk,
  authenticate: Authenticate,
  table: readonly Route[] = routeTable,
  hosts: HostCheck = () => undefined,
): Express {
  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", false).set("case sensitive routing", true);
  app.use(begin(desk), helmet(), ofThisHost(hosts));
  const guards = guardsOf(desk, authenticate);
  for (const [path, routes] of Map.groupBy(table, (route) => route.path)) {
    const at = app.route(expressPath(routes[0]));
    for (const route of routes) {
      const before = route.scope === undefined ? [] : [...guards, checkScope(route)];
      at[route.method](...before, handleRoute(route, desk));
    }
    at.all(wrongMethod(path, routes));
  }
  app.use((request, response) =>
    refuse(response, faultOf(apiCodes, "ROUTE_UNKNOWN", { path: shortened(request.path) })),
  );
  app.use(lastResort(desk));
  return app;
}

/** Probes of the host may call it as they like: they learn that it is there, and no more. */
const PROBED = new Set(["/livez", "/readyz"]);

function ofThisHost(check: HostCheck): RequestHandler {
  return ({ headers, path }, response, next) => {
    const fault = PROBED.has(path) && headers.origin === undefined ? undefined : check(headers);
    if (fault === undefined) {
      next();
    } else {
      refuse(response, fault);
    }
  };
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}

/** `/api/packs/{name}/{version}` as Express has it; a parameter that may hold slashes is a wildcard. */
function expressPath(route: Route | undefined): string {
  return (route?.path ?? "").replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === route?.deep ? `*${name}` : `:${name}`,
  );
}

/** Gives the request its id, and writes it into the log when it is answered. */
function begin({ log }: Desk): RequestHandler {
  return (request, response, next) => {
    const passage: Passage = { requestId: randomUUID(), begun: performance.now() };
    response.locals["passage"] = passage;
    response.setHeader("X-Request-Id", passage.requestId);
    response.once("close", () => {
      const { who } = passage;
      const { code, route, runId, problem } = response.locals as Readonly<
        Partial<Record<"code" | "route" | "runId" | "problem", string>>
      >;
      log(response.statusCode >= 500 ? "error" : "info", "request", {
        requestId: passage.requestId,
        ...(runId === undefined ? {} : { runId }),
        data: {
          method: request.method,
          route: route ?? "none",
          status: response.statusCode,
          ms: Math.round(performance.now() - passage.begun),
          ...(code === undefined ? {} : { code }),
          ...(problem === undefined ? {} : { problem }),
          ...(who === undefined ? {} : { tenant: who.bearer.tenantId, subject: who.bearer.subject }),
        },
      });
    });
    next();
  };
}

/** Who asks, how often an address may be refused that, and how often a bearer may ask. */
function guardsOf({ limits }: Desk, authenticate: Authenticate): readonly RequestHandler[] {
  const shared = {
    windowMs: MINUTE_MS,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    handler: (_: Request, response: Response): void => refuse(response, faultOf(apiCodes, "RATE_LIMITED")),
  } as const;
  const byAddress = rateLimit({
    ...shared,
    identifier: "refused",
    limit: limits.refusedPerMinute,
    keyGenerator: ({ ip = "" }) => ipKeyGenerator(ip),
  });
  const byBearer = rateLimit({
    ...shared,
    identifier: "bearer",
    limit: limits.requestsPerMinute,
    keyGenerator: (_, response) => {
      const { who } = passageOf(response);
      return JSON.stringify([who?.bearer.issuer, who?.bearer.subject, who?.bearer.tenantId]);
    },
  });
  const identify: RequestHandler = async (request, response, next) => {
    const who = await authenticate(request.headers.authorization);
    if (!who.ok) {
      // Counted when it is known: a good token is not kept waiting by bad ones from the same address.
      await byAddress(request, response, () => refuse(response, who.fault));
      return;
    }
    passageOf(response).who = who.value;
    next();
  };
  return [identify, byBearer, openAtOnce(limits)];
}

/** Streams and uploads hold memory, files and disk for as long as they are open. */
function openAtOnce({ openRequests, openUploads }: Desk["limits"]): RequestHandler {
  const open = new Map<string, number>();
  return (request, response, next) => {
    const { issuer, subject, tenantId } = passageOf(response).who?.bearer ?? {};
    const isJson = request.get("content-type")?.startsWith("application/json") === true;
    const isUpload = request.method === "POST" && hasBody(request) && !isJson;
    const name = JSON.stringify(isUpload ? [tenantId] : [issuer, subject, tenantId]);
    const limit = isUpload ? openUploads : openRequests;
    const now = open.get(name) ?? 0;
    if (now >= limit) {
      refuse(response, faultOf(apiCodes, "BEARER_BUSY", { limit, retryAfterSeconds: 1 }));
      return;
    }
    open.set(name, now + 1);
    response.once("close", () => {
      const left = (open.get(name) ?? 1) - 1;
      if (left === 0) {
        open.delete(name);
      } else {
        open.set(name, left);
      }
    });
    next();
  };
}

function checkScope({ scope }: GuardedRoute): RequestHandler {
  return (_, response, next) => {
    if (passageOf(response).who?.bearer.scopes.includes(scope) === true) {
      next();
      return;
    }
    refuse(response, faultOf(apiCodes, "TOKEN_SCOPE", { scope }));
  };
}

function wrongMethod(path: string, routes: readonly Route[]): RequestHandler {
  const allowed = routes.flatMap(({ method }) => (method === "get" ? ["GET", "HEAD"] : ["POST"])).join(", ");
  return ({ method }, response) => {
    response.locals["route"] = path;
    response.setHeader("Allow", allowed);
    refuse(response, faultOf(apiCodes, "METHOD_NOT_ALLOWED", { method: shortened(method), allowed }));
  };
}

/** What was thrown: faults of the store and of bodies are answered as they are, all else only stands in the log. */
function lastResort({ log }: Desk) {
  return (error: unknown, _request: Request, response: Response, _next: NextFunction): void => {
    const { requestId } = passageOf(response);
    const expected = error instanceof StoreError || error instanceof BodyError ? error.fault : clientFault(error);
    if (expected === undefined || statusOf(expected.code) >= 500) {
      const { name, message } = error instanceof Error ? error : new Error("unknown");
      log("error", "request.failed", { requestId, data: { name, message } });
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    refuse(response, expected ?? faultOf(apiCodes, "SERVER_ERROR"));
  };
}

/** Express refuses paths that are not well encoded. */
function clientFault(error: unknown): Fault | undefined {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return status === 400 ? faultOf(apiCodes, "REQUEST_INVALID", { problem: "its path is not well encoded" }) : undefined;
}
