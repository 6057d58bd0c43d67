import { parseDuration } from "#canon/duration.ts";

/** How long an incident may be opened for, in milliseconds: a year of 365 days. One that is open can be opened for longer. */
export const LONGEST_INCIDENT_MS: number = 365 * 86_400_000;

/** Milliseconds of a duration for which an incident can be opened; undefined for what is none. */
export function parseIncidentTime(text: string): number | undefined {
  const time = parseDuration(text);
  return time !== undefined && time > 0 && time <= LONGEST_INCIDENT_MS ? time : undefined;
}
