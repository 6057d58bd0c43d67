import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type HrTime,
  type Span,
} from "@opentelemetry/api";
import { millisecondsOf } from "#canon/timestamp.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { RunKey } from "#port/run-store.ts";

/** A step ends with one of these: `cicd.pipeline.task.run.result`, by the event's type. */
const RESULTS: Readonly<Partial<Record<LedgerEvent["eventType"], string>>> = {
  "step.succeeded": "success",
  "step.failed": "failure",
  "step.cancelled": "cancellation",
  "step.lost": "error",
};
/** `cicd.pipeline.result`, by the status that a run ends with. */
const ENDS = { succeeded: "success", failed: "failure", cancelled: "cancellation" } as const;

/**
 * One shift of one run as OpenTelemetry sees it, made from what was written: a span for the shift, and one for each
 * attempt in it, with the names of the CI/CD conventions. Where no tracer was registered (an SDK that is loaded with
 * `NODE_OPTIONS=--import …`), nothing is done. The trace's id is the run's: shifts of several processes are one trace.
 */
export class RunTrace {
  readonly #run: Span;
  readonly #context: Context;
  readonly #attempts = new Map<string, Span>();
  readonly #pack: string;
  #last: HrTime | undefined;

  constructor({ runId, packName }: Pick<RunKey, "runId"> & { readonly packName: string }, now: number) {
    this.#pack = packName;
    const attributes = {
      "cicd.pipeline.name": packName,
      "cicd.pipeline.run.id": runId,
      "cicd.pipeline.action.name": "RUN",
    };
    const options = { kind: SpanKind.SERVER, startTime: timeOf(now), attributes };
    this.#run = tracer().startSpan(`RUN ${packName}`, options, traceOf(runId));
    this.#context = trace.setSpan(ROOT_CONTEXT, this.#run);
  }

  take(events: readonly LedgerEvent[]): void {
    events.forEach((event) => this.#take(event));
  }

  /** The process leaves the run, in whatever state it is. */
  end(now: number): void {
    const at = this.#last ?? timeOf(now);
    this.#attempts.forEach((span) => span.end(at));
    this.#attempts.clear();
    this.#run.end(timeOf(now));
  }

  #take(event: LedgerEvent): void {
    this.#last = timeOf(millisecondsOf(event.timestamp) ?? 0);
    const { eventType, stepId = "", attempt = 0 } = event;
    const key = `${stepId}#${attempt}`;
    const result = RESULTS[eventType];
    if (eventType === "step.started") {
      this.#attempts.set(key, this.#start(stepId, attempt, this.#last));
    } else if (result !== undefined) {
      const span = this.#attempts.get(key);
      this.#attempts.delete(key);
      close(span, "cicd.pipeline.task.run.result", result, reasonOf(event));
      span?.end(this.#last);
    } else if (eventType === "run.finished") {
      close(this.#run, "cicd.pipeline.result", ENDS[event.metadata.status], event.metadata.reason);
    }
  }

  #start(stepId: string, attempt: number, startTime: HrTime): Span {
    const attributes: Attributes = {
      "cicd.pipeline.name": this.#pack,
      "cicd.pipeline.task.name": stepId,
      "cicd.pipeline.task.run.id": `${stepId}#${attempt}`,
    };
    return tracer().startSpan(stepId, { kind: SpanKind.INTERNAL, startTime, attributes }, this.#context);
  }
}

function tracer(): ReturnType<typeof trace.getTracer> {
  return trace.getTracer("packrun");
}

function close(span: Span | undefined, name: string, result: string, reason: string | undefined): void {
  span?.setAttribute(name, result);
  if (result !== "success") {
    span?.setStatus({ code: SpanStatusCode.ERROR, ...(reason === undefined ? {} : { message: reason }) });
    span?.setAttribute("error.type", reason ?? result);
  }
}

function reasonOf(event: LedgerEvent): string | undefined {
  return event.eventType === "step.failed" || event.eventType === "step.cancelled" ? event.metadata.reason : undefined;
}

/** The 16 bytes of the run's id are those of its trace; the span above all of them is nobody's. */
function traceOf(runId: string): Context {
  const traceId = runId.replaceAll("-", "");
  const above = { traceId, spanId: traceId.slice(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, above);
}

/** Seconds and nanoseconds: a number would be taken for one of the process's own clock. */
function timeOf(milliseconds: number): HrTime {
  return [Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1_000_000];
}
