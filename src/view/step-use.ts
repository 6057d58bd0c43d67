import type { EgressUse, LedgerEvent, Usage } from "#run/event.ts";
import { counted } from "#fault/counted.ts";
import { padded } from "./text-width.ts";
import { seconds } from "./transition.ts";
import { visibleText } from "./visible-text.ts";

/** What a step used, as the end of its last attempt tells it. */
export type StepUse = { readonly usage?: Usage; readonly egress?: EgressUse };

type Column = (use: StepUse) => string | undefined;

const COLUMNS: readonly Column[] = [
  ({ usage }) => of(usage?.memoryPeakBytes, (bytes) => `memory ${roughSize(bytes)}`),
  ({ usage }) => of(usage?.cpuMs, (milliseconds) => `cpu ${seconds(milliseconds)}`),
  ({ usage }) => of(usage?.ioBytes, (bytes) => `io ${roughSize(bytes)}`),
  ({ egress }) => of(egress?.requests, (requests) => counted(requests, "request")),
  ({ egress }) => of(egress?.bytesIn, (bytes) => `in ${roughSize(bytes)}`),
  ({ egress }) => of(egress?.bytesOut, (bytes) => `out ${roughSize(bytes)}`),
  ({ usage }) =>
    usage === undefined || usage.hit.length === 0 ? undefined : visibleText(`hit ${usage.hit.join(", ")}`),
];

/** Takes what an event tells of a step's use; events come in ledger order. */
export function addStepUse(uses: Map<string, StepUse>, event: LedgerEvent): void {
  if (event.eventType === "step.succeeded" || event.eventType === "step.failed") {
    const { usage, egress } = event.metadata;
    if (usage !== undefined || egress !== undefined) {
      const use = { ...(usage === undefined ? {} : { usage }), ...(egress === undefined ? {} : { egress }) };
      uses.set(event.stepId ?? "", use);
    }
  }
}

/** One text for each step, in columns: those in which some step has a value. */
export function useTexts(uses: readonly StepUse[]): readonly string[] {
  const columns = COLUMNS.map((column) => uses.map((use) => column(use) ?? ""));
  const shown = columns.map((cells) => padded(cells)).filter(([cell = ""]) => cell !== "");
  return uses.map((_, row) =>
    shown
      .map((cells) => cells[row] ?? "")
      .join("  ")
      .trimEnd(),
  );
}

function of(value: number | undefined, text: (value: number) => string): string | undefined {
  return value === undefined ? undefined : text(value);
}

/** Sizes as people read them: `12B`, `1.5Mi`. */
function roughSize(bytes: number): string {
  const units = ["Ki", "Mi", "Gi", "Ti"];
  let size = bytes;
  let unit = "B";
  for (const next of units) {
    if (size < 1024) {
      break;
    }
    size /= 1024;
    unit = next;
  }
  return unit === "B" || Number.isInteger(size) ? `${size}${unit}` : `${size.toFixed(1)}${unit}`;
}
