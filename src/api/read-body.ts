import type { IncomingMessage } from "node:http";
import { readStrictJson } from "#app/strict-json.ts";
import { pathBelow } from "#canon/json-depth.ts";
import { misfitsOf, pointerOf, type Shape } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { apiCodes } from "./codes.ts";
import { errorsOf, type Refusal } from "./problem.ts";

/** How a refused body leaves an iteration. */
export class BodyError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.code);
    this.name = "BodyError";
    this.fault = fault;
  }
}

/**
 * How deep a JSON body may be nested: twice what an input may be, so that one that is too deep is told so by its name, and
 * far less than what the copy into another thread, or JSON.stringify, has stack for.
 */
const MAX_DEPTH = 128;

type BodyLimits = { readonly bytes: number; readonly wholeMs?: number; readonly idleMs: number };

/** The refusal of a body by its head alone, before anything of it is read. */
export function headProblem(request: IncomingMessage, mediaTypes: readonly string[], limit: number): Fault | undefined {
  const { "content-type": given = "", "content-encoding": encoding = "identity" } = request.headers;
  const type = given.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (!mediaTypes.includes(type) || encoding !== "identity") {
    const found = encoding === "identity" ? type || "no type" : `${type} (${encoding})`;
    return faultOf(apiCodes, "BODY_TYPE", { found: shortened(found), expected: mediaTypes.join(" or ") });
  }
  return Number(request.headers["content-length"] ?? 0) > limit ? tooLarge(limit) : undefined;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const tooLarge = (limit: number): Fault => faultOf(apiCodes, "BODY_TOO_LARGE", { limit });

/** The bytes of a body within its limits; what follows a refusal is left unread. Throws `BodyError`: BODY_TOO_LARGE, BODY_SLOW. */
export async function* boundedBody(request: IncomingMessage, limits: BodyLimits): AsyncGenerator<Uint8Array> {
  const parts = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  const whole = new AbortController();
  const end = limits.wholeMs === undefined ? undefined : setTimeout(() => whole.abort(), limits.wholeMs);
  let size = 0;
  try {
    for (;;) {
      const part = await inTime(parts.next(), limits.idleMs, whole.signal);
      if (part.done === true) {
        return;
      }
      size += part.value.length;
      if (size > limits.bytes) {
        throw new BodyError(tooLarge(limits.bytes));
      }
      yield part.value;
    }
  } finally {
    clearTimeout(end);
  }
}

/** The socket stays open when time is over: the refusal still goes over it. */
async function inTime<T>(next: Promise<T>, milliseconds: number, whole: AbortSignal): Promise<T> {
  const slow = Promise.withResolvers<never>();
  const giveUp = (): void => slow.reject(new BodyError(faultOf(apiCodes, "BODY_SLOW")));
  const timer = setTimeout(giveUp, milliseconds);
  whole.addEventListener("abort", giveUp, { once: true });
  // A part that comes after that has nobody who waits for it.
  next.catch(() => undefined);
  try {
    return await Promise.race([next, slow.promise]);
  } finally {
    clearTimeout(timer);
    whole.removeEventListener("abort", giveUp);
  }
}

/** Whether a request says that a body comes with it; one that is sent in chunks may still turn out to be empty. */
export function hasBody({ headers }: Pick<IncomingMessage, "headers">): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}

/** A body without a required member may be left away, and is `{}` then. */
export function mayBeAbsent(shape: Shape<unknown>): boolean {
  return misfitsOf(shape, {}).length === 0;
}

/** A JSON body that fits its shape. Codes: BODY_TYPE, BODY_TOO_LARGE, BODY_SLOW, JSON_SYNTAX, BODY_INVALID. */
export async function readJsonBody<B>(
  request: IncomingMessage,
  shape: Shape<B>,
  limits: BodyLimits,
): Promise<Result<B, Refusal>> {
  const problem = headProblem(request, ["application/json"], limits.bytes);
  const isOptional = mayBeAbsent(shape);
  if (isOptional && !hasBody(request)) {
    return ok({} as B);
  }
  // What comes in chunks without a type may be nothing: that is seen when it has come.
  const isOpen = isOptional && request.headers["transfer-encoding"] !== undefined;
  if (problem !== undefined && !isOpen) {
    return fail({ fault: problem });
  }
  const bytes = await wholeBody(request, limits);
  if (!bytes.ok) {
    return bytes;
  }
  if (isOptional && bytes.value.length === 0) {
    return ok({} as B);
  }
  return problem === undefined ? jsonOf(bytes.value, shape) : fail({ fault: problem });
}

async function wholeBody(request: IncomingMessage, limits: BodyLimits): Promise<Result<Buffer, Refusal>> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of boundedBody(request, limits)) {
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BodyError) {
      return fail({ fault: error.fault });
    }
    throw error;
  }
  return ok(Buffer.concat(chunks));
}

function jsonOf<B>(bytes: Uint8Array, shape: Shape<B>): Result<B, Refusal> {
  const read = readStrictJson(bytes, "the body");
  if (!read.ok) {
    return fail({ fault: read.fault });
  }
  const { value, repeated } = read.value;
  if (repeated !== undefined) {
    return invalid({ pointer: "", message: `member "${repeated}" stands twice` });
  }
  const tooDeep = pathBelow(MAX_DEPTH, value);
  if (tooDeep !== undefined) {
    return invalid({ pointer: pointerOf(tooDeep), message: `the body may be nested at most ${MAX_DEPTH} deep` });
  }
  const [first, ...more] = errorsOf(misfitsOf(shape, value));
  return first === undefined ? ok(value as B) : invalid(first, ...more);
}

type Finding = NonNullable<Refusal["errors"]>[number];

function invalid(...errors: readonly [Finding, ...Finding[]]): Result<never, Refusal> {
  const [{ pointer, message }] = errors;
  const problem = pointer === "" ? message : `${pointer}: ${message}`;
  return fail({ fault: faultOf(apiCodes, "BODY_INVALID", { problem }), errors });
}
