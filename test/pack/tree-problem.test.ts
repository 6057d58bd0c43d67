import fc from "fast-check";
import t from "tap";
import { sortTree, type TreeListing } from "#pack/pack-files.ts";
import { treeProblem } from "#pack/tree-problem.ts";

const file = (path: string): TreeListing[number] => ({ path, mode: "644", size: 0, sha256: "0".repeat(64) });
const link = (path: string, target: string): TreeListing[number] => ({ path, mode: "link", target });

t.test("plain trees may be laid out, with links that stay inside", async (t) => {
  t.equal(treeProblem([]), undefined);
  t.equal(treeProblem([file("a"), file("a.b/c"), file("ü")]), undefined);
  t.equal(treeProblem([file("a/x"), link("b/c/up", "../../a/x"), link("b/here", "."), link("b/top", "..")]), undefined);
});

t.test("paths that leave the folder, or that are no plain paths, are refused", async (t) => {
  for (const path of ["../x", "/x", "a/../../x", "a//x", "./x", "a/", "", "..", "a\0b", "a/".repeat(3000) + "x"]) {
    t.match(treeProblem([file(path)]), /not plain/, JSON.stringify(path.slice(0, 20)));
  }
});

t.test("a path that comes twice or out of order is refused", async (t) => {
  t.match(treeProblem([file("a"), file("a")]), /twice/);
  t.match(treeProblem([file("b"), file("a")]), /sorted/);
});

t.test("nothing may stand below a file or a link, so nothing is written through a link", async (t) => {
  t.match(treeProblem([link("a", "b"), file("a/x")]), /below/);
  t.match(treeProblem([link("a", "b"), file("a-b"), file("a/x/y")]), /below/);
  t.match(treeProblem([file("a"), link("a/x", "b")]), /below/);
});

t.test("links that lead out are refused, also by way of other links", async (t) => {
  for (const target of ["/etc/passwd", "..", "../x", "a/../../x", "a/..", "", "x\0", "d/up/../../y"]) {
    t.match(treeProblem([link("x", target)]), /leads out/, JSON.stringify(target));
  }
  t.match(treeProblem([link("d/x", "../../y")]), /leads out/);
});

t.test("a listing is accepted exactly when each of its paths, joined to a root, stays below it", async (t) => {
  const part = fc.constantFrom("a", "b", "..", ".", "", "c");
  const paths = fc.uniqueArray(fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")));
  fc.assert(
    fc.property(paths, (found) => {
      const problem = treeProblem(sortTree(found.map(file)));
      const odd = found.some((path) => path.split("/").some((each) => ["", ".", ".."].includes(each)));
      const nested = found.some((path) => found.some((other) => path.startsWith(`${other}/`)));
      return (problem === undefined) === (!odd && !nested);
    }),
  );
  t.pass();
});
