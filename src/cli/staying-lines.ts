import { transitionOf, type Transition } from "#view/transition.ts";
import { visibleText } from "#view/visible-text.ts";
import { approvalStep } from "./approval-step.ts";
import type { Cli, Style } from "./cli.ts";
import { nextStep } from "./next-step.ts";
import type { Following, LedgerEvent } from "./progress.ts";
import type { Tail } from "./step-tails.ts";

const TONES: Readonly<Record<Transition["tone"], Style | undefined>> = {
  good: "green",
  bad: "red",
  warn: "yellow",
  plain: undefined,
  dim: "dim",
};

/** What is told of an event and stays on the screen. */
export function stayingLines(
  cli: Cli,
  event: LedgerEvent,
  tail: Tail | undefined,
  { stays, runId, access }: Following,
): string[] {
  const { stepId = "" } = event;
  const transition = transitionOf(event);
  const lines = transition === undefined ? [] : [paint(cli, transition)];
  if (event.eventType === "step.failed" && tail !== undefined) {
    lines.push(
      ...tailLines(tail, nextStep(cli, "runs", "logs", runId(), "--step", stepId)).map((line) =>
        cli.style("dim", `    ${line}`),
      ),
    );
  }
  if (event.eventType === "gate.opened" && stays) {
    lines.push(`    ${approvalStep(cli, { runId: runId(), gateId: stepId }, access)}`);
  }
  return lines;
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
