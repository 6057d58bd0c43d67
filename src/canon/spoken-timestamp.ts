import { isTimestamp, type Timestamp } from "./timestamp.ts";

/** A time as people and programs write it: RFC 3339 in UTC, to the second or with at most three digits of a fraction. */
export const SPOKEN_TIMESTAMP: RegExp = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,3}))?Z$/;

/** Such a time as documents have it, with its milliseconds; undefined where it is none. */
export function spokenTimestamp(text: string): Timestamp | undefined {
  const [, seconds, fraction = ""] = SPOKEN_TIMESTAMP.exec(text) ?? [];
  const full = `${seconds}.${fraction.padEnd(3, "0")}Z`;
  return isTimestamp(full) ? full : undefined;
}
