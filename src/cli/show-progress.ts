import { randomUUID } from "node:crypto";
import type { Cli } from "./cli.ts";
import { onGithub, stepAnnotation, withoutCommands } from "./github-annotation.ts";
import { showLive } from "./live-progress.ts";
import type { Following, LedgerEvent, Progress } from "./progress.ts";
import { transitionOf } from "#view/transition.ts";
import { gateLines, stayingLines } from "./staying-lines.ts";
import { StepTails, type Tail } from "./step-tails.ts";

/** A line per transition; on a terminal also the running steps, drawn over below them. */
export function showProgress(cli: Cli, following: Following): Progress {
  return cli.live ? showLive(cli, following) : showLines(cli, following);
}

function showLines(cli: Cli, following: Following): Progress {
  const tails = new StepTails();
  const linesOf = onGithub(cli) ? githubLines : stayingLines;
  const show = (lines: readonly string[]): void => cli.err(lines.map((line) => `${line}\n`).join(""));
  return {
    events: (events) => show(events.flatMap((event) => linesOf(cli, event, tails.follow(event), following))),
    note: cli.note,
    open: (gates) => show(gates.flatMap((gate) => gateLines(cli, gate, following))),
    count: () => undefined,
    close: () => undefined,
  };
}

/** The same lines, in which no step can give GitHub Actions commands; a failed step is annotated. */
function githubLines(cli: Cli, event: LedgerEvent, tail: Tail | undefined, following: Following): readonly string[] {
  const [first, ...rest] = stayingLines(cli, event, tail, following);
  if (first === undefined) {
    return [];
  }
  // The old form of a command counts wherever it stands in a line.
  const told = first.replaceAll("##[", "# #[");
  if (event.eventType !== "step.failed") {
    return [told, ...rest];
  }
  const { stepId = "" } = event;
  const text = [failureText(event), ...(tail?.lines ?? [])].join("\n");
  const annotated = stepAnnotation(cli, stepId, text, following.packFile).trimEnd();
  return [told, ...(rest.length === 0 ? [] : withoutCommands(rest, randomUUID())), annotated];
}

function failureText(event: LedgerEvent): string {
  return transitionOf(event)?.text ?? "failed";
}
