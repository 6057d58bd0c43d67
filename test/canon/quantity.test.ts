import fc from "fast-check";
import t from "tap";
import { parseByteSize, printByteSize } from "#canon/byte-size.ts";
import { parseDuration, printDuration } from "#canon/duration.ts";
import { parseRunId, parseTenantId, parseTrustDomain } from "#canon/ids.ts";
import { isTimestamp, millisecondsOf, timestampOf } from "#canon/timestamp.ts";

t.test("durations read back as they print", (t) => {
  t.equal(parseDuration("1h30m"), 5_400_000);
  t.equal(parseDuration("250ms"), 250);
  t.equal(printDuration(90_000), "1m30s");
  t.equal(printDuration(0), "0s");
  for (const text of ["", "5", "1.5s", "-1s", "5 s", "1w", "99999999999999999d"]) {
    t.equal(parseDuration(text), undefined, text);
  }
  fc.assert(
    fc.property(fc.nat(), (time) => parseDuration(printDuration(time)) === time),
    { numRuns: 50 },
  );
  t.end();
});

t.test("sizes read back as they print", (t) => {
  t.equal(parseByteSize("512Mi"), 536_870_912);
  t.equal(parseByteSize("1G"), 1_000_000_000);
  t.equal(parseByteSize("7"), 7);
  t.equal(printByteSize(536_870_912), "512Mi");
  for (const text of ["", "1.5Gi", "-1", "1 Mi", "1mi", "99999999Ti"]) {
    t.equal(parseByteSize(text), undefined, text);
  }
  fc.assert(
    fc.property(fc.nat(), (size) => parseByteSize(printByteSize(size)) === size),
    { numRuns: 50 },
  );
  t.end();
});

t.test("timestamps are those of the platform's calendar", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (time) => {
      return timestampOf(time) === new Date(time).toISOString() && millisecondsOf(timestampOf(time)) === time;
    }),
    { numRuns: 500 },
  );
  for (const text of [
    "2026-01-05T08:00:00Z",
    "2026-02-29T00:00:00.000Z",
    "2026-01-05T24:00:00.000Z",
    "1969-01-01T00:00:00.000Z",
    "x",
  ]) {
    t.notOk(isTimestamp(text), text);
  }
  t.notOk(isTimestamp(5));
  t.end();
});

t.test("ids are made only by their parsers", (t) => {
  t.ok(parseRunId("01938e5e-6f70-7cc1-a6f0-0123456789ab"));
  t.equal(parseRunId("01938e5e-6f70-4cc1-a6f0-0123456789ab"), undefined, "only version 7");
  t.ok(parseTenantId("team-1"));
  t.equal(parseTenantId("Team"), undefined);
  t.equal(parseTenantId("../x"), undefined);
  t.ok(parseTrustDomain("acme-prod.example"));
  t.equal(parseTrustDomain(""), undefined);
  t.end();
});
