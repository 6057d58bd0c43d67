import type { RunAnswer } from "#app/run-answer.ts";
import { seconds } from "#view/transition.ts";
import { visibleText } from "#view/visible-text.ts";

const MARKS: Readonly<Record<string, string>> = {
  succeeded: "✓",
  failed: "✗",
  skipped: "-",
  cancelled: "-",
  running: "▶",
  waiting: "?",
  pending: "·",
};

/** A run for people: its status, every step, what it waits for, where its evidence lies. */
export function runText(run: RunAnswer): string {
  const width = Math.max(0, ...run.steps.map((step) => step.id.length));
  const lines = [
    `run       ${run.runId}`,
    `pack      ${run.pack.name}@${run.pack.version}`,
    `planHash  ${run.planHash}`,
    `status    ${run.status}${run.reason === undefined ? "" : ` (${run.reason})`}`,
    `by        ${visibleText(run.requestedBy)}`,
    ...run.steps.map((step) => {
      const time = step.durationMs === undefined ? "" : seconds(step.durationMs);
      const tries = step.attempts > 1 ? `${step.attempts} attempts` : "";
      const words = [step.status, step.reason ?? "", time, tries].filter((word) => word !== "").join("  ");
      return `  ${MARKS[step.status] ?? "·"} ${step.id.padEnd(width)}  ${words}`;
    }),
    ...Object.entries(run.outputs).map(([name, value]) => `output    ${name} = ${visibleText(valueText(value))}`),
    ...waitingLines(run),
    ...(run.evidence === undefined ? [] : [`evidence  ${run.evidence}`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** How to go on with a run that waits. */
export function waitingLines(run: RunAnswer): readonly string[] {
  return run.pendingGates.flatMap((gate) => [
    `waits     gate ${gate.id} has ${gate.have} of ${gate.required} approvals, until ${gate.notAfter}`,
    `          packrun approve ${run.runId} ${gate.id} --key KEY --reason TEXT`,
  ]);
}

function valueText(value: RunAnswer["outputs"][string]): string {
  return value.type === "file" || value.type === "directory" ? value.digest : JSON.stringify(value.value);
}
