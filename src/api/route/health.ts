import type { Service } from "#app/service/service.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { literal, object } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { apiCodes } from "../codes.ts";
import type { OpenRoute } from "../route.ts";

/** Whoever asks without a token costs the store no more than one look in this time, in milliseconds. */
const LOOK_MS = 1000;

function lookNow<T>(look: (service: Service) => Promise<T>): (service: Service) => Promise<T> {
  const held = new WeakMap<Service, { readonly at: number; readonly seen: Promise<T> }>();
  return (service) => {
    const now = performance.now();
    const last = held.get(service);
    if (last !== undefined && now - last.at < LOOK_MS) {
      return last.seen;
    }
    const seen = look(service);
    held.set(service, { at: now, seen });
    return seen;
  };
}

const readiness = lookNow((service) => service.ready());
const metrics = lookNow((service) => service.metrics());

const METRICS = "text/plain; version=0.0.4; charset=utf-8";

export const livezRoute: OpenRoute = {
  id: "livez",
  method: "get",
  path: "/livez",
  summary: "Whether the process answers",
  answers: { 200: { description: "It does.", shape: object({ status: literal("live") }) } },
  problems: [],
  handle: async () => ok({ kind: "json", status: 200, body: { status: "live" } }),
};

export const readyzRoute: OpenRoute = {
  id: "readyz",
  method: "get",
  path: "/readyz",
  summary: "Whether requests should be sent here",
  answers: { 200: { description: "They should.", shape: object({ status: literal("ready") }) } },
  problems: ["SERVER_STOPPING", "SERVER_UNREADY"],
  handle: async ({ desk }) => {
    if (desk.stopping.aborted) {
      return fail({ fault: faultOf(apiCodes, "SERVER_STOPPING") });
    }
    const ready = await readiness(desk.service);
    if (ready.ok) {
      return ok({ kind: "json", status: 200, body: { status: "ready" } });
    }
    // Whoever asks has no token: what is wrong stands in the log.
    const { code, message } = ready.fault;
    desk.log("warn", "server.unready", { data: { code, message } });
    return fail({ fault: faultOf(apiCodes, "SERVER_UNREADY") });
  },
};

export const metricsRoute: OpenRoute = {
  id: "metrics",
  method: "get",
  path: "/metrics",
  summary: "Metrics for Prometheus; no label names a run",
  answers: { 200: { description: "In the text format of Prometheus.", mediaTypes: [METRICS] } },
  problems: [],
  handle: async ({ desk }) => {
    const { contentType, text } = await metrics(desk.service);
    const bytes = encodeUtf8(text);
    return ok({ kind: "stream", status: 200, mediaType: contentType, length: bytes.length, chunks: once(bytes) });
  },
};

/** What a process has that takes no orders. */
export const healthRoutes: readonly OpenRoute[] = [livezRoute, readyzRoute, metricsRoute];

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
