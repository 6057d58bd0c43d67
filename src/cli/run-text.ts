import type { RunAnswer } from "#app/run-answer.ts";
import { useTexts } from "#view/step-use.ts";
import { padded } from "#view/text-width.ts";
import { seconds } from "#view/transition.ts";
import { visibleText } from "#view/visible-text.ts";
import type { DecidableGate } from "./approval-step.ts";

/** The command line that approves a gate. */
export type ApprovalOf = (gate: DecidableGate) => string;

const MARKS: Readonly<Record<string, string>> = {
  succeeded: "✓",
  failed: "✗",
  skipped: "-",
  cancelled: "-",
  running: "▶",
  waiting: "?",
  pending: "·",
};

/** A run for people: its status, every step, what it waits for, where its evidence lies; if asked, what steps used. */
export function runText(run: RunAnswer, approval: ApprovalOf, options: { readonly use?: boolean } = {}): string {
  const ids = padded(run.steps.map(({ id }) => id));
  const words = run.steps.map(stepWords);
  const uses = options.use === true ? useTexts(run.steps) : [];
  const said = uses.some((use) => use !== "") ? padded(words) : words;
  const lines = [
    `run       ${run.runId}`,
    `pack      ${run.pack.name}@${run.pack.version}`,
    `planHash  ${run.planHash}`,
    `status    ${run.status}${run.reason === undefined ? "" : ` (${run.reason})`}`,
    `by        ${visibleText(run.requestedBy)}`,
    ...run.steps.map((step, at) =>
      `  ${MARKS[step.status] ?? "·"} ${ids[at] ?? ""}  ${said[at] ?? ""}  ${uses[at] ?? ""}`.trimEnd(),
    ),
    ...Object.entries(run.outputs).map(([name, value]) => `output    ${name} = ${visibleText(valueText(value))}`),
    ...waitingLines(run, approval),
    ...(run.evidence === undefined ? [] : [`evidence  ${run.evidence}`]),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
}

function stepWords({ status, reason = "", durationMs, attempts }: RunAnswer["steps"][number]): string {
  const time = durationMs === undefined ? "" : seconds(durationMs);
  const tries = attempts > 1 ? `${attempts} attempts` : "";
  return [status, reason, time, tries].filter((word) => word !== "").join("  ");
}

/** How to go on with a run that waits. */
export function waitingLines(run: RunAnswer, approval: ApprovalOf): readonly string[] {
  return run.pendingGates.flatMap((gate) => [
    `waits     gate ${gate.id} has ${gate.have} of ${gate.required} approvals, until ${gate.notAfter}`,
    `          ${approval({ runId: run.runId, gateId: gate.id })}`,
  ]);
}

function valueText(value: RunAnswer["outputs"][string]): string {
  return value.type === "file" || value.type === "directory" ? value.digest : JSON.stringify(value.value);
}
