import t from "tap";
import { celProgram } from "#plan/cel-program.ts";

t.test("a program is parsed once, and forgotten before very many letters are kept", (t) => {
  const source = "inputs.a == 1";
  const first = celProgram(source);
  t.ok(first.ok);
  t.equal(celProgram(source), first);
  const long = Array.from({ length: 500 }, () => "1").join(" + ");
  for (let at = 0; at < 120; at += 1) {
    celProgram(`${at} == ${long}`);
  }
  t.not(celProgram(source), first, "others came after it");
  t.equal(celProgram(source), celProgram(source));
  t.end();
});
