import type { EventDraft, EventType, Level, Metadata } from "./event.ts";

/** How an event of each type speaks to people. Verifiers ignore both. */
type Words<T extends EventType> = {
  readonly level: Level | ((metadata: Metadata<T>) => Level);
  /** `subject` is the step, with its attempt where there is one. */
  readonly message: (metadata: Metadata<T>, subject: string) => string;
};

const words: { readonly [T in EventType]: Words<T> } = {
  "run.created": { level: "info", message: () => "run created" },
  "run.started": { level: "info", message: () => "run started" },
  "run.resumed": { level: "info", message: () => "run resumed" },
  "run.waiting": { level: "info", message: ({ gates }) => `run waits for ${gates.join(", ")}` },
  "run.cancelRequested": { level: "info", message: ({ by }) => `cancel requested by ${by}` },
  "run.finished": {
    level: ({ status }) => (status === "failed" ? "error" : "info"),
    message: ({ status, reason }) => because(`run ${status}`, reason),
  },
  "plan.verified": { level: "info", message: () => "plan recompiled to the pinned bytes" },
  "plan.drift": { level: "error", message: ({ node, pointer }) => `plan differs at ${node}${pointer}` },
  "lease.acquired": { level: "info", message: ({ fence }) => `lease ${fence} acquired` },
  "evidence.snapshot": { level: "info", message: ({ manifestDigest }) => `evidence so far: ${manifestDigest}` },
  "incident.opened": { level: "info", message: ({ by, reason }) => because(`incident opened by ${by}`, reason) },
  "incident.closed": {
    level: "info",
    message: ({ by }) => (by === undefined ? "incident is over" : `incident closed by ${by}`),
  },
  "map.expanded": { level: "info", message: ({ count }, subject) => `${subject} expanded to ${count} items` },
  "step.started": { level: "info", message: (_, subject) => `${subject} started` },
  "step.output": { level: "info", message: ({ stream }, subject) => `${subject} ${stream}` },
  "step.artifact": {
    level: "info",
    message: ({ name, status }, subject) => `${subject} output ${name} ${status}`,
  },
  "step.retry": { level: "warn", message: ({ reason }, subject) => because(`${subject} is tried again`, reason) },
  "step.succeeded": {
    level: "info",
    message: ({ reusedFrom }, subject) =>
      reusedFrom === undefined ? `${subject} succeeded` : `${subject} taken over from ${reusedFrom}`,
  },
  "step.failed": { level: "error", message: ({ reason }, subject) => because(`${subject} failed`, reason) },
  "step.skipped": { level: "info", message: ({ reason }, subject) => because(`${subject} skipped`, reason) },
  "step.cancelled": { level: "info", message: ({ reason }, subject) => because(`${subject} cancelled`, reason) },
  "step.lost": { level: "warn", message: (_, subject) => `${subject} was cut off with its runner` },
  "sandbox.enforced": { level: "info", message: ({ mode }, subject) => `${subject} runs ${mode}` },
  "egress.denied": { level: "warn", message: ({ host, port }, subject) => `${subject} was denied ${host}:${port}` },
  "secret.resolved": { level: "info", message: ({ name }, subject) => `${subject} was given ${name}` },
  "gate.opened": { level: "info", message: (_, subject) => `${subject} waits for approval` },
  "gate.decision": {
    level: "info",
    message: ({ decision, principal }, subject) => `${subject} ${decision} by ${principal}`,
  },
  "gate.refused": { level: "warn", message: ({ code }, subject) => because(`${subject} decision refused`, code) },
  "gate.passed": { level: "info", message: (_, subject) => `${subject} passed` },
  "gate.rejected": { level: "error", message: (_, subject) => `${subject} rejected` },
  "gate.expired": { level: "error", message: (_, subject) => `${subject} expired` },
  "policy.evaluated": {
    level: ({ allowed }) => (allowed ? "info" : "warn"),
    message: ({ allowed, code }, subject) => because(`${subject} ${allowed ? "allowed" : "refused"}`, code),
  },
};

/** The level of an event, by its type and by whether it refuses something. */
export function levelOf(event: EventDraft): Level {
  const { level } = wordsOf(event);
  return typeof level === "string" ? level : level(event.metadata);
}

/** One line for people. */
export function messageOf(event: EventDraft): string {
  const { stepId = "", attempt } = event;
  return wordsOf(event).message(event.metadata, attempt === undefined ? stepId : `${stepId} attempt ${attempt}`);
}

/** A type's words take that type's metadata, which is what stands in the event. */
function wordsOf(event: EventDraft): Words<EventType> {
  return words[event.eventType];
}

function because(text: string, reason: string | undefined): string {
  return reason === undefined ? text.trim() : `${text.trim()}: ${reason}`;
}
