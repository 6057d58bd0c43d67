import { isJsonObject } from "#canon/json.ts";
import { describeMisfit, misfitsOf, type Shape } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import { NO_SOURCES } from "#plan/lint-sources.ts";
import type { Fault } from "#fault/fault.ts";
import type { Redactor } from "#port/secrets.ts";
import { failedFor, type AttemptOutcome } from "#run/outcome.ts";
import type { BuiltIn, BuiltInRequest, Produced } from "./built-in.ts";
import { stepCodes } from "./codes.ts";

type Definition<W> = Omit<BuiltIn, "execute" | "withShape"> & {
  readonly withShape: Shape<W>;
  readonly produce: (given: W, request: BuiltInRequest) => Promise<Result<readonly Produced[]>>;
};

/** Makes a built-in of what it produces: `with` is checked first, faults and cancellation become outcomes. */
export function builtIn<W>(definition: Definition<W>): BuiltIn {
  const { produce, ...declared } = definition;
  const admitted = (request: BuiltInRequest): Promise<Result<readonly Produced[]>> => {
    const wrong = misfitsOf(definition.withShape, request.with);
    const [refusal] = isJsonObject(request.with) ? definition.refusals(request.with, request.sandbox, NO_SOURCES) : [];
    if (wrong.length > 0) {
      const problem = wrong.map(describeMisfit).join("; ");
      return Promise.resolve(fail(faultOf(stepCodes, "STEP_WITH_INVALID", { builtIn: definition.name, problem })));
    }
    return refusal === undefined ? produce(request.with as W, request) : Promise.resolve(fail(refusal.fault));
  };
  return { ...declared, execute: (request) => outcomeOf(request, () => admitted(request)) };
}

/** Carries out the work of a built-in and reports it as every attempt is reported. Bugs go on as thrown errors. */
async function outcomeOf(
  request: BuiltInRequest,
  work: () => Promise<Result<readonly Produced[]>>,
): Promise<AttemptOutcome> {
  const started = performance.now();
  const done = request.signal.aborted ? undefined : await settle(request.signal, work);
  const durationMs = Math.round(performance.now() - started);
  if (done === undefined || (!done.ok && request.signal.aborted)) {
    return { kind: "cancelled", durationMs, artifacts: [] };
  }
  if (!done.ok) {
    return { ...failedFor(redactedFault(done.fault, request.redactor)), durationMs, artifacts: [] };
  }
  return {
    kind: "succeeded",
    durationMs,
    artifacts: done.value.map((each) => ({ ...each, status: "captured" })),
    outputs: Object.fromEntries(done.value.map(({ name, ...file }) => [name, { type: "file", ...file }])),
  };
}

function redactedFault({ code, message, hint }: Fault, redactor: Redactor): Fault {
  const said = { code, message: redactor.redact(message) };
  return hint === undefined ? said : { ...said, hint: redactor.redact(hint) };
}

/** Undefined when the work stopped because it was cancelled. */
async function settle<T>(signal: AbortSignal, work: () => Promise<Result<T>>): Promise<Result<T> | undefined> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) {
      return undefined;
    }
    if (error instanceof StoreError) {
      return fail(error.fault);
    }
    throw error;
  }
}
