declare const brand: unique symbol;

/** RFC 3339 in UTC with milliseconds: `2026-01-05T08:00:00.000Z`. */
export type Timestamp = string & { readonly [brand]: "Timestamp" };

const PATTERN = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const DAY = 86_400_000;

/** The timestamp of a time in milliseconds since 1970 (years 1970 to 9999). */
export function timestampOf(milliseconds: number): Timestamp {
  const days = Math.floor(milliseconds / DAY);
  const [year, month, day] = civilOf(days);
  const rest = milliseconds - days * DAY;
  const at = (unit: number, size: number): string => digits(Math.floor(rest / unit) % size, 2);
  const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
  return `${date}T${at(3_600_000, 24)}:${at(60_000, 60)}:${at(1000, 60)}.${digits(rest % 1000, 3)}Z` as Timestamp;
}

/** Milliseconds since 1970, or undefined when the text is no timestamp of a real moment. */
export function millisecondsOf(text: string): number | undefined {
  if (!PATTERN.test(text)) {
    return undefined;
  }
  const [year, month, day] = [numberAt(text, 0, 4), numberAt(text, 5, 7), numberAt(text, 8, 10)];
  const [hour, minute, second] = [numberAt(text, 11, 13), numberAt(text, 14, 16), numberAt(text, 17, 19)];
  const days = daysOf(year, month, day);
  const [realYear, realMonth, realDay] = civilOf(days);
  const isReal = year >= 1970 && year === realYear && month === realMonth && day === realDay;
  return isReal && hour < 24 && minute < 60 && second < 60
    ? days * DAY + hour * 3_600_000 + minute * 60_000 + second * 1000 + numberAt(text, 20, 23)
    : undefined;
}

/** The number that these digits write. */
function numberAt(text: string, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at += 1) {
    number = number * 10 + text.charCodeAt(at) - 0x30;
  }
  return number;
}

export function isTimestamp(text: unknown): text is Timestamp {
  return typeof text === "string" && millisecondsOf(text) !== undefined;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar; years begin in March here. */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilOf(days: number): readonly [number, number, number] {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}
