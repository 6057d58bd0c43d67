import { posix } from "node:path";
import * as fc from "fast-check";
import t from "tap";
import { refuseTarget } from "#folder/link-target.ts";

t.test("a link may lead up and then down, inside its tree", async (t) => {
  t.equal(refuseTarget("a/b/link", "../../c/d"), undefined);
  t.equal(refuseTarget("link", "c"), undefined);
  t.match(refuseTarget("a/link", "../../c"), /leaves/);
  t.match(refuseTarget("link", ""), /roundabout/);
});

t.test("what is accepted resolves to a place inside", async () => {
  const part = fc.constantFrom("..", ".", "", "a", "b", "...");
  fc.assert(
    fc.property(fc.array(fc.constantFrom("x", "y")), fc.array(part), (folders, parts) => {
      const path = [...folders, "link"].join("/");
      const target = parts.join("/");
      const resolved = posix.normalize(posix.join(posix.dirname(path), target));
      return refuseTarget(path, target) !== undefined || !(resolved.startsWith("..") && !resolved.startsWith("..."));
    }),
  );
});
