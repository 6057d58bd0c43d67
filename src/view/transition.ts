import { printDuration } from "#canon/duration.ts";
import type { LedgerEvent } from "#run/event.ts";

/** One line about one event, as people follow a run; `tone` says how to colour it. */
export type Transition = {
  readonly mark: string;
  readonly tone: "good" | "bad" | "warn" | "plain" | "dim";
  readonly subject: string;
  readonly text: string;
};

/** The line of an event, or undefined where people need none (output, leases, checks). */
export function transitionOf(event: LedgerEvent): Transition | undefined {
  return event.eventType.startsWith("step.") ? stepTransition(event) : otherTransition(event);
}

function stepTransition(event: LedgerEvent): Transition | undefined {
  const subject = event.stepId ?? "";
  switch (event.eventType) {
    case "step.started":
      return line("▶", "dim", subject, (event.attempt ?? 1) > 1 ? `started, attempt ${event.attempt ?? 1}` : "started");
    case "step.succeeded":
      return event.metadata.reusedFrom === undefined
        ? line("✓", "good", subject, seconds(event.metadata.durationMs))
        : line("✓", "good", subject, `taken over from run ${event.metadata.reusedFrom}`);
    case "step.failed":
      return line("✗", "bad", subject, `${failureText(event.metadata)} after ${seconds(event.metadata.durationMs)}`);
    case "step.retry":
      return line(
        "↻",
        "warn",
        subject,
        `${event.metadata.reason}, tried again at ${clockOf(event.metadata.notBefore)}`,
      );
    case "step.skipped":
    case "step.cancelled":
      return line("-", "dim", subject, `${event.eventType.slice(5)}: ${event.metadata.reason}`);
    case "step.lost":
      return line("!", "warn", subject, "was cut off with its runner");
    default:
      return undefined;
  }
}

function otherTransition(event: LedgerEvent): Transition | undefined {
  const subject = event.stepId ?? "run";
  switch (event.eventType) {
    case "map.expanded":
      return line("·", "dim", subject, `${event.metadata.count} items`);
    case "gate.opened":
      return line("?", "warn", subject, `waits for approval until ${event.metadata.notAfter}`);
    case "gate.decision":
      return line("·", "plain", subject, `${event.metadata.decision} by ${event.metadata.principal}`);
    case "gate.refused":
      return line("!", "warn", subject, `a decision was refused: ${event.metadata.code} (${event.metadata.hint})`);
    case "gate.passed":
      return line("✓", "good", subject, "approved");
    case "gate.rejected":
      return line("✗", "bad", subject, "rejected");
    case "gate.expired":
      return line("✗", "bad", subject, "expired without the approvals it needs");
    case "policy.evaluated":
      return event.metadata.allowed
        ? line("✓", "good", subject, "policy allows")
        : line("✗", "bad", subject, `${event.metadata.code ?? "denied"}: ${event.metadata.hint ?? ""}`);
    case "plan.drift":
      return line("✗", "bad", event.metadata.node, `${event.metadata.code} at ${event.metadata.pointer}`);
    case "run.cancelRequested":
      return line("!", "warn", "run", `cancel requested by ${event.metadata.by}`);
    case "run.resumed":
      return line("·", "dim", "run", "resumed");
    case "egress.denied":
      return line("!", "warn", subject, `egress to ${event.metadata.host}:${event.metadata.port} denied`);
    default:
      return undefined;
  }
}

function failureText(failure: { reason: string; exitCode?: number; signal?: string }): string {
  if (failure.signal !== undefined) {
    return `${failure.reason} (${failure.signal})`;
  }
  return failure.exitCode === undefined ? failure.reason : `${failure.reason} (exit ${failure.exitCode})`;
}

function line(mark: string, tone: Transition["tone"], subject: string, text: string): Transition {
  return { mark, tone, subject, text };
}

/** Durations as people read them: `340ms`, `2.4s`, `3m20s`. */
export function seconds(milliseconds: number): string {
  if (milliseconds < 1000) {
    return `${milliseconds}ms`;
  }
  return milliseconds < 60_000
    ? `${(milliseconds / 1000).toFixed(1)}s`
    : printDuration(Math.round(milliseconds / 1000) * 1000);
}

function clockOf(timestamp: string): string {
  return timestamp.slice(11, 19);
}
