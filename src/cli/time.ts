import { InvalidArgumentError } from "commander";
import { isTimestamp, timestampOf, type Timestamp } from "#canon/timestamp.ts";

/** RFC 3339 in UTC, down to the second or to at most three digits of a fraction. */
const SPOKEN = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,3}))?Z$/;

/** Such a time with its milliseconds, as they stand in every document; other texts as they are, for whoever judges them. */
export function withMilliseconds(text: string): string {
  const [, seconds, fraction = ""] = SPOKEN.exec(text) ?? [];
  return seconds === undefined ? text : `${seconds}.${fraction.padEnd(3, "0")}Z`;
}

/** A time that a person gave, as `2026-01-05T08:00:00Z`. */
export function time(text: string): Timestamp {
  const milliseconds = Date.parse(text);
  const timestamp = Number.isNaN(milliseconds) ? undefined : timestampOf(milliseconds);
  if (timestamp === undefined || !isTimestamp(timestamp)) {
    throw new InvalidArgumentError("Give a time such as 2026-01-05T08:00:00Z.");
  }
  return timestamp;
}
