import {
  trace,
  type Attributes,
  type Span,
  type SpanOptions,
  type Context,
  type TracerProvider,
} from "@opentelemetry/api";
import t from "tap";
import { serviceWorld } from "./service-world.ts";

type Seen = {
  name: string;
  parent: string | undefined;
  traceId: string | undefined;
  attributes: Attributes;
  status?: unknown;
  ended: boolean;
};

/** Keeps what it is told; no SDK stands behind it. */
function keepSpans(): readonly Seen[] {
  const seen: Seen[] = [];
  const startSpan = (name: string, options: SpanOptions = {}, context?: Context): Span => {
    const above = context === undefined ? undefined : trace.getSpanContext(context);
    const kept: Seen = {
      name,
      parent: above?.spanId,
      traceId: above?.traceId,
      attributes: { ...options.attributes },
      ended: false,
    };
    seen.push(kept);
    const span = {
      spanContext: () => ({ traceId: kept.traceId ?? "", spanId: String(seen.indexOf(kept) + 1), traceFlags: 1 }),
      setAttribute: (key: string, value: string) => ((kept.attributes[key] = value), span),
      setStatus: (status: unknown) => ((kept.status = status), span),
      end: () => void (kept.ended = true),
    };
    return span as unknown as Span;
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as unknown as TracerProvider);
  return seen;
}

t.test("a run that a worker drives is one trace: a span for it, and one for each attempt", async (t) => {
  const seen = keepSpans();
  t.teardown(() => trace.disable());
  const world = await serviceWorld(t);
  const steps = "    - {id: a, run: {command: [echo, hello]}}\n    - {id: b, run: {command: [fail]}}";
  const key = await world.submit({ pack: await world.upload(steps), inputs: {} });
  const worker = world.worker();
  worker.start();
  await world.until(key, "failed");
  await worker.stop();
  const traceId = key.runId.replaceAll("-", "");
  t.match(seen, [
    {
      name: "RUN acme/served",
      traceId,
      attributes: {
        "cicd.pipeline.name": "acme/served",
        "cicd.pipeline.run.id": key.runId,
        "cicd.pipeline.result": "failure",
        "error.type": "STEP_EXIT",
      },
    },
    {
      name: "a",
      parent: "1",
      traceId,
      attributes: { "cicd.pipeline.task.run.result": "success", "error.type": undefined },
    },
    {
      name: "b",
      parent: "1",
      attributes: { "cicd.pipeline.task.name": "b", "cicd.pipeline.task.run.result": "failure" },
    },
  ]);
  t.ok(seen.every(({ ended }) => ended));
  t.equal(seen.length, 3);
});
