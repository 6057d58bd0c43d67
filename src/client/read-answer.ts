import { problemShape } from "#api/problem.ts";
import { describeMisfit, misfitsOf, type Shape } from "#canon/shape.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { visibleText } from "#view/visible-text.ts";
import { clientCodes } from "./codes.ts";
import { connectionProblem } from "./connection-problem.ts";

/** Longest JSON answer that is read, in bytes. */
const MAX_ANSWER = 64 * 1024 * 1024;
/** Findings of a refusal that are told; the others are counted. */
const TOLD = 20;
const CODE = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;

/**
 * The value of a JSON answer. Members that are not known come from a newer server and are let pass; all others must fit.
 * Faults: SERVER_ANSWER, SERVER_UNREACHABLE when it breaks off.
 */
export async function readAnswer<T>(response: Response, shape: Shape<T>, server: string): Promise<Result<T>> {
  const bytes = await readBytes(response, server);
  if (!bytes.ok) {
    return bytes;
  }
  const value = valueOf(bytes.value);
  const misfit = misfitsOf(shape, value).find(({ problem }) => problem !== "unknown");
  return misfit === undefined
    ? ok(value as T)
    : fail(strange(server, `status ${response.status}, ${visibleText(describeMisfit(misfit))}`));
}

/**
 * The fault that a problem document (RFC 9457) tells of. Undefined for what is none: a proxy's page, or nothing at all.
 * What a server says cannot steer a terminal.
 */
export async function readProblem(response: Response): Promise<Fault | undefined> {
  const type = response.headers.get("content-type") ?? "";
  const bytes = type.startsWith("application/problem+json") ? await readBytes(response, "") : undefined;
  const value = bytes?.ok === true ? valueOf(bytes.value) : undefined;
  if (value === undefined || misfitsOf(problemShape, value).some(({ problem }) => problem !== "unknown")) {
    await response.body?.cancel().catch(() => undefined);
    return undefined;
  }
  const { code, detail, hint, errors = [] } = value as typeof problemShape extends Shape<infer P> ? P : never;
  if (!CODE.test(code)) {
    return undefined;
  }
  const more = errors.length > 1 ? errors : [];
  const found = more.slice(0, TOLD).map(({ pointer, message }) => `\n  ${visibleText(`${pointer} ${message}`.trim())}`);
  const rest = more.length > TOLD ? `\n  and ${more.length - TOLD} more` : "";
  return {
    code,
    message: `${visibleText(detail)}${found.join("")}${rest}`,
    ...(hint === undefined ? {} : { hint: visibleText(hint) }),
  };
}

export function strange(server: string, problem: string): Fault {
  return faultOf(clientCodes, "SERVER_ANSWER", { server, problem });
}

/** The bytes of an answer. Faults: SERVER_ANSWER for one that is too long, SERVER_UNREACHABLE for one that breaks off. */
export async function readBytes(response: Response, server: string): Promise<Result<Uint8Array>> {
  const parts: Uint8Array[] = [];
  const body: AsyncIterable<Uint8Array> | null = response.body;
  let size = 0;
  try {
    for await (const part of body ?? []) {
      size += part.length;
      if (size > MAX_ANSWER) {
        return fail(strange(server, "it is too long"));
      }
      parts.push(part);
    }
  } catch (error) {
    return fail(faultOf(clientCodes, "SERVER_UNREACHABLE", { server, problem: connectionProblem(error).problem }));
  }
  return ok(Buffer.concat(parts));
}

/** Undefined for what is no JSON. */
function valueOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? "") as unknown;
  } catch {
    return undefined;
  }
}
