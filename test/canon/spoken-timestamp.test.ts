import t from "tap";
import { spokenTimestamp } from "#canon/spoken-timestamp.ts";

t.test("a time to the second, or to a part of it, has its milliseconds", async (t) => {
  t.equal(spokenTimestamp("2026-11-22T02:05:00Z"), "2026-11-22T02:05:00.000Z");
  t.equal(spokenTimestamp("2026-11-22T02:05:00.1Z"), "2026-11-22T02:05:00.100Z");
  t.equal(spokenTimestamp("2026-11-22T02:05:00.123Z"), "2026-11-22T02:05:00.123Z");
});

t.test("what is no time, no real one, or not in UTC stays none", async (t) => {
  for (const text of ["", "2026-11-22", "2026-02-30T00:00:00Z", "2026-11-22T02:05:00+01:00", "2026-11-22T24:00:00Z"]) {
    t.equal(spokenTimestamp(text), undefined, text);
  }
});
