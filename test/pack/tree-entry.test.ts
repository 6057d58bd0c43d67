import { posix } from "node:path";
import * as fc from "fast-check";
import t from "tap";
import { linkProblem, nameProblem, Siblings } from "#pack/tree-entry.ts";

t.test("a link may lead up and then down, inside its tree", async (t) => {
  for (const [path, target] of [
    ["a/b/link", "../../c/d"],
    ["link", "c"],
    ["link", "./c"],
    ["a/link", ".."],
    ["a/link", "b//c/"],
    ["link", "..."],
  ] as const) {
    t.equal(linkProblem(path, target), undefined, `${path} -> ${target}`);
  }
  t.match(linkProblem("a/link", "../../c"), /leaves/);
  t.match(linkProblem("link", ".."), /leaves/);
  t.match(linkProblem("a/link", "c/../d"), /roundabout/);
  t.match(linkProblem("link", "/etc"), /absolute/);
  for (const target of ["", "a\0b", "a\u202eb", "a/".repeat(3000)]) {
    t.match(linkProblem("link", target), /no portable name/);
  }
});

t.test("what is accepted resolves to a place inside", async () => {
  const part = fc.constantFrom("..", ".", "", "a", "b", "...");
  fc.assert(
    fc.property(fc.array(fc.constantFrom("x", "y")), fc.array(part), (folders, parts) => {
      const path = [...folders, "link"].join("/");
      const target = parts.join("/");
      const resolved = posix.normalize(posix.join(posix.dirname(path), target));
      return linkProblem(path, target) !== undefined || !(resolved.startsWith("..") && !resolved.startsWith("..."));
    }),
  );
});

t.test("names that break lines or turn text are refused", async (t) => {
  t.match(nameProblem("a\nb"), /control character/);
  t.match(nameProblem("a\u202eb"), /direction/);
  t.match(nameProblem("a\u2028b"), /breaks lines/);
  t.equal(nameProblem("naïve – 日本 🙂"), undefined);
});

t.test("names that some systems take for the same are found", async (t) => {
  const siblings = new Siblings();
  t.equal(siblings.add("é"), undefined);
  t.match(siblings.add("e\u0301"), /NFC and NFD/);
  t.equal(siblings.add("set"), undefined);
  t.match(siblings.add("\u017Fet"), /"set" only in case/);
});
