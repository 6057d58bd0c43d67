import { eventMisfit } from "#run/event-shape.ts";
import type { LedgerEvent } from "#run/event.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { clientCodes } from "./codes.ts";
import type { Exchange } from "./exchange.ts";
import { strange } from "./read-answer.ts";
import { textLines } from "./text-lines.ts";

/** How often an answer that broke off is asked for again. */
const MOST_TRIES = 5;
const REST_MS = 250;

/**
 * Tells the events that a run has now, but for what its steps printed, each once and in the ledger's order. An answer that breaks
 * off is taken up behind the last event. Faults: those of `Exchange`.
 */
export async function readEvents(
  exchange: Exchange,
  runId: string,
  tell: (event: LedgerEvent) => void,
): Promise<Result<void>> {
  let seen = 0;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const sent = await exchange.send({
      method: "GET",
      path: `api/runs/${runId}/logs?follow=no&output=none&after=${seen}`,
      headers: { Accept: "application/x-ndjson" },
      repeatable: true,
    });
    if (!sent.ok) {
      return sent;
    }
    if (sent.value.status === 204) {
      return ok(undefined);
    }
    const read = await readLines(sent.value, exchange.server, (event) => {
      if (event.sequence > seen) {
        seen = event.sequence;
        tell(event);
      }
    });
    if (read !== "broken") {
      return read;
    }
    await exchange.rest(REST_MS);
  }
  const problem = "its events break off again and again";
  return fail(faultOf(clientCodes, "SERVER_UNREACHABLE", { server: exchange.server, problem }));
}

async function readLines(
  { body, headers }: Response,
  server: string,
  tell: (event: LedgerEvent) => void,
): Promise<Result<void> | "broken"> {
  if (body === null || headers.get("content-type")?.startsWith("application/x-ndjson") !== true) {
    await body?.cancel().catch(() => undefined);
    return fail(strange(server, "its events are no lines"));
  }
  const lines = textLines(body);
  try {
    for (;;) {
      const line = await nextLine(lines);
      if (line === "broken" || line === "end") {
        return line === "end" ? ok(undefined) : line;
      }
      const event = line.text === "" ? undefined : eventOf(line.text);
      if (typeof event === "string") {
        return fail(strange(server, `its log holds no event (${event})`));
      }
      if (event !== undefined) {
        tell(event);
      }
    }
  } finally {
    await lines.return(undefined);
  }
}

/** What `tell` throws is a bug of whoever is told, and no broken connection: only what comes from the network is caught. */
async function nextLine(lines: AsyncGenerator<string>): Promise<{ readonly text: string } | "end" | "broken"> {
  try {
    const next = await lines.next();
    return next.done === true ? "end" : { text: next.value };
  } catch {
    return "broken";
  }
}

/** The event of a line, or why it is none. */
function eventOf(line: string): LedgerEvent | string {
  try {
    const value: unknown = JSON.parse(line);
    return eventMisfit(value) ?? (value as LedgerEvent);
  } catch {
    return "it is no JSON";
  }
}
