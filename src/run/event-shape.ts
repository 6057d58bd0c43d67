import {
  digest,
  integer,
  literal,
  misfitsOf,
  describeMisfit,
  object,
  string,
  tagged,
  timestamp,
  type Shape,
} from "#canon/shape.ts";
import { eventTypes, type EventType, type LedgerEvent } from "./event.ts";

/** The id of a step instance: `build`, `rollout[0]::push`. */
export const INSTANCE_ID: RegExp = /^[a-z][A-Za-z0-9_-]{0,62}(?:\[(?:0|[1-9]\d{0,14})\]::[a-z][A-Za-z0-9_-]{0,62})*$/;

const envelope = {
  sequence: integer({ min: 1 }),
  timestamp: timestamp(),
  level: literal("debug", "info", "warn", "error"),
  message: string(),
  prev: digest(),
  hash: digest(),
};
const stepId = string({ pattern: INSTANCE_ID, expected: "the id of a step, such as build or rollout[0]::push" });
const attempt = integer({ min: 1 });

/** A refused decision may name no gate at all; a step that was taken over had no attempt in this run. */
const placeOf = (
  type: EventType,
): { required: Record<string, Shape<unknown>>; optional: Record<string, Shape<unknown>> } => {
  switch (eventTypes[type].on) {
    case "run":
      return { required: {}, optional: {} };
    case "step":
      return { required: { stepId }, optional: {} };
    case "gate":
      return type === "gate.refused" ? { required: {}, optional: { stepId } } : { required: { stepId }, optional: {} };
    case "attempt":
      return type === "step.succeeded"
        ? { required: { stepId }, optional: { attempt } }
        : { required: { stepId, attempt }, optional: {} };
  }
};

const cases = Object.fromEntries(
  (Object.keys(eventTypes) as EventType[]).map((type) => {
    const { required, optional } = placeOf(type);
    const members = { ...envelope, eventType: literal(type), metadata: eventTypes[type].metadata, ...required };
    return [type, object(members, optional)];
  }),
) as Record<EventType, Shape<unknown>>;

/** One line of a ledger. @public */
export const eventShape = tagged("eventType", cases) as Shape<LedgerEvent>;

/** What is wrong with the form of an event, in words; undefined when nothing is. */
export function eventMisfit(value: unknown): string | undefined {
  const [first] = misfitsOf(eventShape, value);
  return first === undefined ? relationMisfit(value as LedgerEvent) : describeMisfit(first);
}

/** What a shape alone cannot say: which members go together. */
function relationMisfit(event: LedgerEvent): string | undefined {
  if (event.eventType === "gate.refused") {
    return (event.stepId === undefined) === (event.metadata.code === "GATE_UNKNOWN")
      ? undefined
      : "stepId is absent exactly on a refusal with GATE_UNKNOWN";
  }
  if (event.eventType === "step.succeeded") {
    return (event.attempt === undefined) === (event.metadata.reusedFrom !== undefined)
      ? undefined
      : "attempt is absent exactly on a step with reusedFrom";
  }
  if (event.eventType === "step.artifact") {
    const captured = event.metadata.status === "captured";
    return captured === (event.metadata.digest !== undefined) && captured === (event.metadata.size !== undefined)
      ? undefined
      : "digest and size stand exactly on captured artifacts";
  }
  return undefined;
}
