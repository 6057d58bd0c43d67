import type { Head } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { eventBehind, headOf } from "../../port/sample-run.ts";

/** Of one line to many, and from less than a page to several pages. */
const SIZES = [1, 2, 5, 13, 40];

/** A batch whose every event says to which batch of whom it belongs, and how many there are: `A:7 3/13`. */
export function batchBehind(head: Head, name: string, number: number): readonly LedgerEvent[] {
  const size = SIZES[number % SIZES.length] ?? 1;
  const events: LedgerEvent[] = [];
  for (let at = 1; at <= size; at += 1) {
    const lines = [`${name}:${number} ${at}/${size}`, "-".repeat((number * 37) % 400)];
    const metadata = { stream: "stdout" as const, lines };
    const before = events.length === 0 ? head : headOf(events);
    events.push(eventBehind(before, { eventType: "step.output", stepId: "build", attempt: 1, metadata }));
  }
  return events;
}

/** Whose batches stand in the ledger, in order; throws when one of them is not whole. */
export function wholeBatches(events: readonly LedgerEvent[]): readonly string[] {
  const found: string[] = [];
  let open = 0;
  for (const event of events) {
    const label = event.eventType === "step.output" ? (event.metadata.lines[0] ?? "") : "";
    const match = /^(\w+):(\d+) (\d+)\/(\d+)$/.exec(label);
    if (match !== null) {
      const [name = "", at, size] = [match[1], Number(match[3]), Number(match[4])];
      if (at !== open + 1) {
        throw new Error(`${label} behind ${open}`);
      }
      open = at === size ? 0 : at;
      if (at === size) {
        found.push(name);
      }
    }
  }
  if (open !== 0) {
    throw new Error(`a batch ends after ${open} events`);
  }
  return found;
}
