import { transitionOf, waitsAt, type Transition } from "#view/transition.ts";
import { visibleText } from "#view/visible-text.ts";
import { approvalStep } from "./approval-step.ts";
import type { Cli, Style } from "./cli.ts";
import { nextStep } from "./next-step.ts";
import type { Following, LedgerEvent, WaitingGate } from "./progress.ts";
import type { Tail } from "./step-tails.ts";

const TONES: Readonly<Record<Transition["tone"], Style | undefined>> = {
  good: "green",
  bad: "red",
  warn: "yellow",
  plain: undefined,
  dim: "dim",
};

/** What is told of an event and stays on the screen. */
export function stayingLines(cli: Cli, event: LedgerEvent, tail: Tail | undefined, following: Following): string[] {
  const { stepId = "" } = event;
  if (event.eventType === "gate.opened") {
    return gateLines(cli, { id: stepId, notAfter: event.metadata.notAfter }, following);
  }
  const transition = transitionOf(event);
  const lines = transition === undefined ? [] : [paint(cli, transition)];
  if (event.eventType === "step.failed" && tail !== undefined) {
    lines.push(
      ...tailLines(tail, nextStep(cli, "runs", "logs", following.runId(), "--step", stepId)).map((line) =>
        cli.style("dim", `    ${line}`),
      ),
    );
  }
  return lines;
}

/** That a gate is open and, where the process stays, how it is approved. */
export function gateLines(cli: Cli, { id, notAfter }: WaitingGate, { stays, runId, access }: Following): string[] {
  const approval = approvalStep(cli, { runId: runId(), gateId: id }, access);
  return [paint(cli, waitsAt(id, notAfter)), ...(stays ? [`    ${approval}`] : [])];
}

function paint(cli: Cli, { mark, tone, subject, text }: Transition): string {
  const style = TONES[tone];
  const marked = style === undefined ? mark : cli.style(style, mark);
  return `${marked} ${cli.style("bold", visibleText(subject))}  ${visibleText(text)}`;
}

function tailLines({ lines, count }: Tail, step: string): readonly string[] {
  const shown = lines.map(visibleText);
  return count === lines.length ? shown : [`the last ${lines.length} of ${count} lines (${step})`, ...shown];
}
