import { posix, win32 } from "node:path";
import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import t from "tap";
import { PathTwins, pathProblem } from "#bundle/path-problem.ts";

const part = oneof(
  string({ unit: constantFrom(..."aB.-_ \\/:~$é"), maxLength: 6 }),
  constantFrom("..", ".", "", "con", "NUL.txt", "C:", "COM1", "a", "b.txt", "\0", "LPT9.log", "conin$"),
);
const anyPath = array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));

t.test("a path that is taken stays below its folder on every system, under one name", async (t) => {
  let taken = 0;
  assert(
    property(anyPath, (path) => {
      if (pathProblem(path) !== undefined) {
        return true;
      }
      taken += 1;
      const there = `/root/${path}`;
      const windows = `C:\\root\\${path.replaceAll("/", "\\")}`;
      return posix.normalize(there) === there && win32.normalize(windows) === windows;
    }),
    { numRuns: 2000 },
  );
  t.ok(taken > 50, `${taken} were taken`);
});

t.test("two paths are twins whatever comes first, and a path is none of itself", async (t) => {
  const pairs: readonly (readonly [string, string, string])[] = [
    ["a/b", "A/c", "PACK_BUNDLE_PATH_CASE"],
    ["straße", "STRASSE", "PACK_BUNDLE_PATH_CASE"],
    ["ſ", "s", "PACK_BUNDLE_PATH_CASE"],
    ["\u00e9", "e\u0301", "PACK_BUNDLE_PATH_UNICODE"],
    ["\u00e9/x", "e\u0301/y", "PACK_BUNDLE_PATH_UNICODE"],
  ];
  for (const [one, other, code] of pairs) {
    for (const [before, after] of [
      [one, other],
      [other, one],
    ] as const) {
      const twins = new PathTwins();
      t.equal(twins.add(before), undefined);
      t.equal(twins.add(after), code, `${before} ${after}`);
      t.equal(twins.add(before), undefined, "the same once more");
    }
  }
});
