import { InvalidArgumentError } from "commander";
import { isTimestamp, timestampOf, type Timestamp } from "#canon/timestamp.ts";

/** A time that a person gave, as `2026-01-05T08:00:00Z`. */
export function time(text: string): Timestamp {
  const milliseconds = Date.parse(text);
  const timestamp = Number.isNaN(milliseconds) ? undefined : timestampOf(milliseconds);
  if (timestamp === undefined || !isTimestamp(timestamp)) {
    throw new InvalidArgumentError("Give a time such as 2026-01-05T08:00:00Z.");
  }
  return timestamp;
}
