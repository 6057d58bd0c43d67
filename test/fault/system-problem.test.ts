import { readFileSync } from "node:fs";
import t from "tap";
import { systemProblem } from "#fault/system-problem.ts";

t.test("what the system says of a file is told in words", (t) => {
  try {
    readFileSync(new URL("absent", import.meta.url));
    t.fail("it is there");
  } catch (error) {
    t.equal(systemProblem(error), "it is not there");
  }
  for (const code of ["EACCES", "ENOSPC", "EISDIR", "EROFS"]) {
    t.match(systemProblem(Object.assign(new Error("x"), { code })), /^[a-z -]+$/);
  }
  t.end();
});

t.test("a code without words stays as it is, and what is no system error is unknown", (t) => {
  t.equal(systemProblem(Object.assign(new Error("x"), { code: "EIO" })), "EIO");
  t.equal(systemProblem(Object.assign(new Error("x"), { code: "toString" })), "toString");
  t.equal(systemProblem(new Error("x")), "unknown error");
  t.equal(systemProblem("ENOENT"), "unknown error");
  t.end();
});
