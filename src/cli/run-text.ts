import type { RunAnswer } from "#app/run-answer.ts";
import { useTexts } from "#view/step-use.ts";
import { padded } from "#view/text-width.ts";
import { seconds } from "#view/transition.ts";
import { visibleText } from "#view/visible-text.ts";
import type { OpenGate } from "./approval-step.ts";

/** The command line that goes on from a gate. */
export type GateStepOf = (gate: OpenGate) => string;

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
export function runText(run: RunAnswer, stepOf: GateStepOf, options: { readonly use?: boolean } = {}): string {
  const ids = padded(run.steps.map(({ id }) => id));
  const expired = run.pendingGates.flatMap((gate) => (gate.expired ? [gate.id] : []));
  const words = run.steps.map((step) => stepWords(step, expired.includes(step.id)));
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
    ...waitingLines(run, stepOf),
    ...(run.evidence === undefined ? [] : [`evidence  ${run.evidence}`]),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
}

function stepWords(step: RunAnswer["steps"][number], expired: boolean): string {
  const { status, reason = "", durationMs, attempts } = step;
  const time = durationMs === undefined ? "" : seconds(durationMs);
  const tries = attempts > 1 ? `${attempts} attempts` : "";
  return [status, expired ? "expired" : "", reason, time, tries].filter((word) => word !== "").join("  ");
}

/** How to go on with a run that waits. */
export function waitingLines(run: RunAnswer, stepOf: GateStepOf): readonly string[] {
  return run.pendingGates.flatMap(({ id: gateId, have, required, notAfter, expired }) => [
    expired
      ? `waits     gate ${gateId} expired ${notAfter} with ${have} of ${required} approvals; to have that recorded:`
      : `waits     gate ${gateId} has ${have} of ${required} approvals, until ${notAfter}`,
    `          ${stepOf({ runId: run.runId, gateId, expired })}`,
  ]);
}

function valueText(value: RunAnswer["outputs"][string]): string {
  return value.type === "file" || value.type === "directory" ? value.digest : JSON.stringify(value.value);
}
