import { setTimeout as pauseFor } from "node:timers/promises";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { clientCodes } from "./codes.ts";
import { connectionProblem } from "./connection-problem.ts";
import { readProblem, strange } from "./read-answer.ts";
import type { ServerAccess } from "./server-access.ts";

/** One request of the API. */
export type Ask = {
  readonly method: "GET" | "POST";
  /** Below the server's address, without a slash at its beginning. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: AskBody;
  /** Sent twice it does what it does sent once, so that it may be sent again when nobody knows whether it arrived. */
  readonly repeatable: boolean;
  /** How long a server that does not answer is tried, in milliseconds. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal | undefined;
};

export type AskBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "bytes"; readonly mediaType: string; readonly open: () => AsyncIterable<Uint8Array> };

/** What an exchange takes of the world beside the network. */
export type Pause = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

/** Waits before a request is sent again, in milliseconds: doubled each time up to the second. */
const BACKOFF_MS = [250, 5000] as const;
const PATIENCE_MS = 4000;
/** The longest wait that a server may ask for, in milliseconds: limits are counted by the minute. */
const LONGEST_WAIT_MS = 60_000;
/** How often a request is sent again because the server asked for it. */
const MOST_WAITS = 5;
/** How often an answer that broke off is asked for. */
const MOST_TRIES = 5;
/** From a request to the head of its answer, in milliseconds. */
const ANSWER_MS = 120_000;

type Outcome =
  | { readonly kind: "answer"; readonly response: Response }
  | { readonly kind: "refused"; readonly fault: Fault; readonly retryMs: number | undefined }
  /** Nothing that a server of packrun said; `sent` when it may have arrived all the same. */
  | { readonly kind: "failed"; readonly fault: Fault; readonly sent: boolean; readonly hopeless: boolean };

/**
 * Sends requests to one server.
 * 1. The token goes to that server alone: redirects are not followed.
 * 2. What a server puts off by `Retry-After` is sent again then, and what did not arrive is sent again soon; what may have
 *    arrived only if that does no harm.
 * 3. An answer is one of success: all else is a fault, with the server's code where it has one.
 * 4. Of an answer that is read here as a whole and breaks off the same holds as of what may have arrived.
 */
export class Exchange {
  readonly server: string;
  readonly #access: ServerAccess;
  readonly #pause: Pause;

  constructor(access: ServerAccess, pause: Pause = wait) {
    this.#access = access;
    this.#pause = pause;
    this.server = access.name;
  }

  /** Faults: the server's own, SERVER_UNREACHABLE, SERVER_REDIRECT, SERVER_ANSWER. */
  async send(ask: Ask): Promise<Result<Response>> {
    const { repeatable, patienceMs = PATIENCE_MS, signal } = ask;
    let waited = 0;
    let delay: number = BACKOFF_MS[0];
    for (let waits = 0; ;) {
      const outcome = await this.#once(ask);
      if (outcome.kind === "answer") {
        return ok(outcome.response);
      }
      if (signal?.aborted === true) {
        return fail(outcome.fault);
      }
      if (outcome.kind === "refused") {
        const { retryMs = Number.POSITIVE_INFINITY } = outcome;
        waits += 1;
        if (retryMs > LONGEST_WAIT_MS || waits > MOST_WAITS) {
          return fail(outcome.fault);
        }
        await this.#pause(retryMs, signal);
        continue;
      }
      if (outcome.hopeless || (outcome.sent && !repeatable) || waited + delay > patienceMs) {
        return fail(outcome.fault);
      }
      await this.#pause(delay, signal);
      waited += delay;
      delay = Math.min(BACKOFF_MS[1], delay * 2);
    }
  }

  /** What `read` makes of the answer; it says SERVER_UNREACHABLE of one that breaks off. Faults: also those of `send`. */
  async answer<T>(ask: Ask, read: (response: Response) => Promise<Result<T>>): Promise<Result<T>> {
    for (let tries = 1; ; tries += 1) {
      const sent = await this.send(ask);
      if (!sent.ok) {
        return sent;
      }
      const found = await read(sent.value);
      const isBroken = !found.ok && found.fault.code === "SERVER_UNREACHABLE";
      if (!isBroken || !ask.repeatable || tries === MOST_TRIES || ask.signal?.aborted === true) {
        return found;
      }
      await this.#pause(BACKOFF_MS[0], ask.signal);
    }
  }

  /** Waits between tries that are somebody else's. */
  async rest(milliseconds: number, signal?: AbortSignal): Promise<void> {
    await this.#pause(milliseconds, signal);
  }

  async #once(ask: Ask): Promise<Outcome> {
    const { base, token } = this.#access;
    const slow = new AbortController();
    const timer = setTimeout(() => slow.abort(), ANSWER_MS);
    try {
      const { body, signal } = ask;
      const isUpload = body?.kind === "bytes";
      const signals = [signal, isUpload ? undefined : slow.signal].filter((one) => one !== undefined);
      const response = await fetch(new URL(ask.path, base), {
        method: ask.method,
        redirect: "manual",
        headers: { Accept: "application/json", ...ask.headers, ...typeOf(body), Authorization: `Bearer ${token}` },
        signal: AbortSignal.any(signals),
        ...(body === undefined ? {} : bodyOf(body)),
      });
      return await this.#judge(response);
    } catch (error) {
      const { problem, sent, hopeless } = connectionProblem(error);
      const fault = faultOf(clientCodes, "SERVER_UNREACHABLE", { server: this.server, problem });
      return { kind: "failed", fault, sent, hopeless };
    } finally {
      clearTimeout(timer);
    }
  }

  async #judge(response: Response): Promise<Outcome> {
    const { status } = response;
    if (response.ok) {
      return { kind: "answer", response };
    }
    if (status >= 300 && status < 400) {
      await response.body?.cancel().catch(() => undefined);
      const fault = faultOf(clientCodes, "SERVER_REDIRECT", { server: this.server, status });
      return { kind: "failed", fault, sent: true, hopeless: true };
    }
    const fault = await readProblem(response);
    if (fault !== undefined) {
      return { kind: "refused", fault, retryMs: retryMsOf(response) };
    }
    // What stands before a server says so while there is none behind it.
    const isGateway = status === 502 || status === 503 || status === 504;
    const strangely = strange(this.server, `status ${status} without a problem document`);
    return { kind: "failed", fault: strangely, sent: true, hopeless: !isGateway };
  }
}

function typeOf(body: AskBody | undefined): Readonly<Record<string, string>> {
  return body === undefined ? {} : { "Content-Type": body.kind === "json" ? "application/json" : body.mediaType };
}

function bodyOf(body: AskBody): Pick<RequestInit, "body" | "duplex"> {
  return body.kind === "json"
    ? { body: JSON.stringify(body.value) }
    : { body: ReadableStream.from(body.open()), duplex: "half" };
}

/** `Retry-After` in seconds; a date is not understood, and nothing sends one. */
function retryMsOf({ headers }: Response): number | undefined {
  const text = headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}

/** A wait that is broken off ends early: whoever waits looks at the signal. */
async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await pauseFor(milliseconds, undefined, { signal }).catch(() => undefined);
}
