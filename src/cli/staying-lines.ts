import { transitionOf, type Transition } from "#view/transition.ts";
import { visibleText } from "#view/visible-text.ts";
import type { Cli, Style } from "./cli.ts";
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
  { stays, runId }: Following,
): string[] {
  const transition = transitionOf(event);
  const lines = transition === undefined ? [] : [paint(cli, transition)];
  if (event.eventType === "step.failed" && tail !== undefined) {
    lines.push(
      ...tailLines(tail, `${runId()} --step ${event.stepId ?? ""}`).map((line) => cli.style("dim", `    ${line}`)),
    );
  }
  if (event.eventType === "gate.opened" && stays) {
    lines.push(`    packrun approve ${runId()} ${event.stepId ?? ""} --key KEY --reason TEXT`);
  }
  return lines;
}

function paint(cli: Cli, { mark, tone, subject, text }: Transition): string {
  const style = TONES[tone];
  const marked = style === undefined ? mark : cli.style(style, mark);
  return `${marked} ${cli.style("bold", visibleText(subject))}  ${visibleText(text)}`;
}

function tailLines({ lines, count }: Tail, where: string): readonly string[] {
  const shown = lines.map(visibleText);
  return count === lines.length
    ? shown
    : [`the last ${lines.length} of ${count} lines (packrun runs logs ${where})`, ...shown];
}
