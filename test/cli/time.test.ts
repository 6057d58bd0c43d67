import t from "tap";
import { time } from "#cli/time.ts";

t.test("a time without all of its milliseconds is the one with them, wherever a time is given", (t) => {
  for (const [given, full] of [
    ["2026-11-22T02:05:00Z", "2026-11-22T02:05:00.000Z"],
    ["2026-11-22T02:05:00.1Z", "2026-11-22T02:05:00.100Z"],
    ["2026-11-22T02:05:00.12Z", "2026-11-22T02:05:00.120Z"],
    ["2026-11-22T02:05:00.123Z", "2026-11-22T02:05:00.123Z"],
  ] as const) {
    t.equal(time(given), full);
  }
  t.end();
});

t.test("what is no time in UTC is not made one", (t) => {
  for (const given of ["soon", "2026-11-22T02:05:00", "2026-11-22 02:05", "22 Nov 2026", "2026", "2026-13-01"]) {
    t.throws(() => time(given), /Give a time such as/, `${given} is another moment in another place, or none`);
  }
  t.equal(time("2026-11-22"), "2026-11-22T00:00:00.000Z");
  t.equal(time("2026-11-22T02:05:00+01:00"), "2026-11-22T01:05:00.000Z");
  t.end();
});
