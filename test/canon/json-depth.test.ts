import t from "tap";
import { pathBelow } from "#canon/json-depth.ts";

t.test("the first value that lies too deep is named by its path", async (t) => {
  t.strictSame(pathBelow(1, { a: 1, b: [2, { c: 3 }], d: [4] }), ["b", 0]);
  t.strictSame(pathBelow(2, { a: 1, b: [2, { c: 3 }], d: [4] }), ["b", 1, "c"]);
  t.equal(pathBelow(3, { a: 1, b: [2, { c: 3 }], d: [4] }), undefined);
  t.equal(pathBelow(1, [[], {}, null, "text"]), undefined, "what is empty holds nothing");
  t.equal(pathBelow(0, "text"), undefined);
});

t.test("no depth is too much for it", async (t) => {
  const deep: unknown = JSON.parse(`${"[".repeat(500_000)}${"]".repeat(500_000)}`);
  t.equal(pathBelow(64, deep)?.length, 65);
});
