import { printDuration } from "#canon/duration.ts";
import type { EventType, LedgerEvent, Metadata } from "#run/event.ts";

/** One line about one event, as people follow a run; `tone` says how to colour it. */
export type Transition = {
  readonly mark: string;
  readonly tone: "good" | "bad" | "warn" | "plain" | "dim";
  readonly subject: string;
  readonly text: string;
};

type Line<T extends EventType> = (metadata: Metadata<T>, subject: string, attempt: number) => Transition | undefined;

const none = (): undefined => undefined;
const say =
  (mark: string, tone: Transition["tone"], text: string): Line<never> =>
  (_metadata, subject) =>
    line(mark, tone, subject, text);

/** What people are told of each type of event; what they need not see says nothing. */
const LINES: { readonly [T in EventType]: Line<T> } = {
  "run.created": none,
  "run.started": none,
  "run.resumed": none,
  "run.waiting": none,
  "run.cancelRequested": ({ by }, subject) => line("!", "warn", subject, `cancel requested by ${by}`),
  "run.finished": none,
  "plan.verified": none,
  "plan.drift": ({ node, code, pointer }) => line("✗", "bad", node, `${code} at ${pointer}`),
  "map.expanded": ({ count }, subject) => line("·", "dim", subject, `${count} items`),
  "step.started": (_metadata, subject, attempt) =>
    line("▶", "dim", subject, attempt > 1 ? `started, attempt ${attempt}` : "started"),
  "step.output": none,
  "step.artifact": none,
  "step.retry": ({ reason, notBefore }, subject) =>
    line("↻", "warn", subject, `${reason}, tried again at ${notBefore.slice(11, 19)}`),
  "step.succeeded": ({ durationMs, reusedFrom }, subject) =>
    line("✓", "good", subject, reusedFrom === undefined ? seconds(durationMs) : `taken over from run ${reusedFrom}`),
  "step.failed": (metadata, subject) =>
    line("✗", "bad", subject, `${failureText(metadata)} after ${seconds(metadata.durationMs)}`),
  "step.skipped": ({ reason }, subject) => line("-", "dim", subject, `skipped: ${reason}`),
  "step.cancelled": ({ reason }, subject) => line("-", "dim", subject, `cancelled: ${reason}`),
  "step.lost": say("!", "warn", "was cut off with its runner"),
  "sandbox.enforced": none,
  "egress.denied": ({ host, port }, subject) => line("!", "warn", subject, `egress to ${host}:${port} denied`),
  "gate.opened": ({ notAfter }, subject) => waitsAt(subject, notAfter),
  "gate.decision": ({ decision, principal }, subject) => line("·", "plain", subject, `${decision} by ${principal}`),
  "gate.refused": ({ code, hint }, subject) => line("!", "warn", subject, `a decision was refused: ${code} (${hint})`),
  "gate.passed": say("✓", "good", "approved"),
  "gate.rejected": say("✗", "bad", "rejected"),
  "gate.expired": say("✗", "bad", "expired without the approvals it needs"),
  "policy.evaluated": ({ allowed, code, hint }, subject) =>
    allowed
      ? line("✓", "good", subject, "policy allows")
      : line("✗", "bad", subject, `${code ?? "denied"}: ${hint ?? ""}`),
  "secret.resolved": none,
  "lease.acquired": none,
  "evidence.snapshot": none,
  "incident.opened": ({ by, reason }, subject) => line("!", "warn", subject, `incident opened by ${by}: ${reason}`),
  "incident.closed": say("·", "plain", "incident closed"),
};

/** The line of an event, or undefined where people need none (output, leases, checks). */
export function transitionOf(event: LedgerEvent): Transition | undefined {
  const tell = LINES[event.eventType] as (
    metadata: unknown,
    subject: string,
    attempt: number,
  ) => Transition | undefined;
  return tell(event.metadata, event.stepId ?? "run", event.attempt ?? 1);
}

/** What is told of a gate that is open. */
export function waitsAt(gateId: string, notAfter: string): Transition {
  return line("?", "warn", gateId, `waits for approval until ${notAfter}`);
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
