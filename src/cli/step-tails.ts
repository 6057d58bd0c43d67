import type { LedgerEvent } from "./progress.ts";

/** Lines of output shown in place when a step fails. */
const TAIL = 20;
/** Of a line that came in parts so many characters at its end are kept. */
const LONGEST = 64 * 1024;

export type Tail = {
  readonly lines: readonly string[];
  /** How many lines there were in all. */
  readonly count: number;
};

/** The last lines of every step that runs: what a person wants to see when it fails. */
export class StepTails {
  readonly #tails = new Map<string, Tail & { readonly open: string | undefined }>();

  /** Takes an event in; what the step had printed, where the event ends it. */
  follow(event: LedgerEvent): Tail | undefined {
    const { stepId } = event;
    if (stepId === undefined) {
      return undefined;
    }
    const tail = this.#tails.get(stepId);
    if (event.eventType === "step.output") {
      const { lines, stream, partial } = event.metadata;
      // A line that came in parts is one line, unless the other stream went on in between.
      const isOn = tail?.open !== undefined && tail.open === stream && lines.length > 0;
      const known = tail?.lines ?? [];
      const [joined = "", ...others] = lines;
      const whole = `${known.at(-1) ?? ""}${joined}`.slice(-LONGEST);
      const all = isOn ? [...known.slice(0, -1), whole, ...others] : [...known, ...lines];
      this.#tails.set(stepId, {
        lines: all.slice(-TAIL),
        count: (tail?.count ?? 0) + lines.length - (isOn ? 1 : 0),
        open: partial === true ? stream : undefined,
      });
      return undefined;
    }
    return isAttemptEnd(event) && this.#tails.delete(stepId) ? tail : undefined;
  }

  lastLine(stepId: string): string {
    return this.#tails.get(stepId)?.lines.at(-1) ?? "";
  }
}

const ENDS: ReadonlySet<LedgerEvent["eventType"]> = new Set([
  "step.retry",
  "step.succeeded",
  "step.failed",
  "step.cancelled",
  "step.lost",
]);

/** Whether an attempt is over with this event. */
export function isAttemptEnd({ eventType }: LedgerEvent): boolean {
  return ENDS.has(eventType);
}
