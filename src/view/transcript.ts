import type { LedgerEvent } from "#run/event.ts";
import { visibleText } from "./visible-text.ts";

/** One batch of what a step printed. */
export type Printed = Pick<Extract<LedgerEvent, { eventType: "step.output" }>, "stepId" | "attempt" | "metadata">;

/**
 * What steps printed, as text for people: `step | line`, or the lines alone. A line that came in parts is put together again
 * where nothing stands between them; where another stream goes on in between, it is ended there.
 */
export class Transcript {
  readonly #named: boolean;
  /** Whose line is not ended yet. */
  #open: string | undefined;

  constructor(named: boolean) {
    this.#named = named;
  }

  /** The text that this batch adds. */
  add({ stepId = "", attempt, metadata }: Printed): string {
    const { stream, lines, partial } = metadata;
    const source = `${stream} ${attempt} ${stepId}`;
    const goesOn = this.#open === source;
    const before = goesOn ? "" : this.end();
    const prefix = this.#named ? `${stepId} | ` : "";
    const text = lines.map((line, at) => `${goesOn && at === 0 ? "" : prefix}${visibleText(line)}`).join("\n");
    this.#open = partial === true ? source : undefined;
    return `${before}${text}${partial === true || lines.length === 0 ? "" : "\n"}`;
  }

  /** Ends a line that nothing follows. */
  end(): string {
    const isOpen = this.#open !== undefined;
    this.#open = undefined;
    return isOpen ? "\n" : "";
  }
}
