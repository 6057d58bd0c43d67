import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Service } from "#app/service/service.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode } from "#fault/system-problem.ts";
import type { RequestStore } from "#port/request-store.ts";
import type { Authenticate } from "./authenticate.ts";
import { apiCodes } from "./codes.ts";
import { httpApp } from "./http-app.ts";
import { routeTable } from "./route-table.ts";
import { RunFeeds } from "./run-feed.ts";
import { hostCheck, isLoopback } from "./host-check.ts";
import type { Limits, Log, Route } from "./route.ts";
import { healthRoutes, metricsRoute } from "./route/health.ts";

/** What a server allows unless it is told otherwise. @public */
export const LIMITS: Limits = {
  bodyBytes: 1024 * 1024,
  artifactBytes: 8 * 1024 ** 3,
  bundleBytes: 1024 ** 3,
  bodyMs: 15_000,
  unreadMs: 30_000,
  heartbeatMs: 15_000,
  requestsPerMinute: 1200,
  openRequests: 500,
  openUploads: 16,
  refusedPerMinute: 120,
};

/** Heads of requests: all of it within this time, in milliseconds. */
const HEAD_MS = 15_000;
/** How long answers that are on their way have when the server ends, in milliseconds. */
const GRACE_MS = 5000;

export type HttpServer = {
  /** `http://127.0.0.1:7070`. */
  readonly url: string;
  /** Takes nothing more, ends streams, lets answers come to their end, closes what is left. */
  readonly stop: () => Promise<void>;
};

export type HttpOptions = {
  readonly listen: Listen;
  readonly authenticate: Authenticate;
  readonly service: Service;
  readonly requests: RequestStore;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
  /** For a process that only drives runs: health, and what the process itself counted. */
  readonly onlyHealth?: boolean;
  /** Who may read the metrics of all tenants; `open` on loopback and `token` (packs.admin) elsewhere unless given. */
  readonly metrics?: MetricsAccess | undefined;
  /** Further names that the server is asked under, without port. */
  readonly hosts?: readonly string[] | undefined;
};

/** Who may read the metrics. @public */
export type MetricsAccess = "open" | "token" | "off";

export type Listen = { readonly host: string; readonly port: number };

/** Listens. Fault: SERVE_LISTEN. */
export async function startHttpServer(options: HttpOptions): Promise<Result<HttpServer>> {
  const { service, requests, log, authenticate, listen } = options;
  const stopping = new AbortController();
  const limits = { ...LIMITS, ...options.limits };
  const desk = { service, requests, feeds: new RunFeeds(), limits, log, stopping: stopping.signal };
  const served = options.onlyHealth === true ? healthRoutes : routeTable;
  const routes = withMetrics(served, options.metrics ?? (isLoopback(listen.host) ? "open" : "token"));
  const hosts = hostCheck(listen.host, options.hosts);
  // Bodies have limits of their own, which an upload of gigabytes keeps too.
  const server = createServer(
    { headersTimeout: HEAD_MS, requestTimeout: 0 },
    httpApp(desk, authenticate, routes, hosts),
  );
  try {
    await listening(server, listen);
  } catch (error) {
    const { host, port } = listen;
    return fail(faultOf(apiCodes, "SERVE_LISTEN", { address: `${host}:${port}`, problem: systemCode(error) }));
  }
  const { port } = server.address() as AddressInfo;
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
  return ok({ url: `http://${host}:${port}`, stop: () => stop(server, stopping) });
}

function withMetrics(routes: readonly Route[], access: MetricsAccess): readonly Route[] {
  switch (access) {
    case "open":
      return routes;
    case "off":
      return routes.filter((route) => route !== metricsRoute);
    case "token":
      return routes.map((route) =>
        route === metricsRoute ? { ...metricsRoute, scope: "packs.admin", handle: metricsRoute.handle } : route,
      );
  }
}

async function listening(server: Server, { host, port }: Listen): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen({ host, port }, resolve);
  await promise;
  server.off("error", reject);
}

async function stop(server: Server, stopping: AbortController): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  stopping.abort();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await promise;
  clearTimeout(timer);
}
