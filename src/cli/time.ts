import { InvalidArgumentError } from "commander";
import { isTimestamp, timestampOf, type Timestamp } from "#canon/timestamp.ts";

/** A moment that is the same wherever this runs: a day in UTC, or a time with its offset from UTC. */
const ANYWHERE = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/;

/** A time that a person gave, as `2026-01-05T08:00:00Z`. */
export function time(text: string): Timestamp {
  const milliseconds = ANYWHERE.test(text) ? Date.parse(text) : Number.NaN;
  const timestamp = Number.isNaN(milliseconds) ? undefined : timestampOf(milliseconds);
  if (timestamp === undefined || !isTimestamp(timestamp)) {
    throw new InvalidArgumentError("Give a time such as 2026-01-05T08:00:00Z.");
  }
  return timestamp;
}
