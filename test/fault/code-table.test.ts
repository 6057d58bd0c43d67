import t from "tap";
import { codeTable, diagnosticOf, faultOf } from "#fault/code-table.ts";
import { sortDiagnostics } from "#fault/diagnostic.ts";
import { never } from "#fault/never.ts";

const table = codeTable({
  TOO_HOT: {
    severity: "error",
    exitCode: 3,
    message: "{name} is at {degrees} degrees",
    hint: "let {name} cool down",
    explanation: { cause: "a", example: "b", fix: "c" },
  },
});

t.test("a fault fills its templates from its data and keeps unknown names", (t) => {
  const fault = faultOf(table, "TOO_HOT", { name: "oven" });
  t.equal(fault.message, "oven is at {degrees} degrees");
  t.equal(fault.hint, "let oven cool down");
  t.equal(faultOf(table, "TOO_HOT", {}, { hint: "open it", place: { file: "a" } }).hint, "open it");
  t.equal(faultOf(table, "TOO_HOT", { name: "$&" }).hint, "let $& cool down", "data is never a pattern");
  t.end();
});

t.test("diagnostics are sorted by file, place and code, placeless ones first", (t) => {
  const at = (line: number, column: number) => ({ start: { line, column }, end: { line, column } });
  const make = (file: string, range?: ReturnType<typeof at>) =>
    diagnosticOf(table, "TOO_HOT", {}, range === undefined ? { file } : { file, range });
  const sorted = sortDiagnostics([make("b"), make("a", at(2, 1)), make("a", at(1, 9)), make("a")]);
  t.same(
    sorted.map((found) => [found.file, found.range?.start.line]),
    [
      ["a", undefined],
      ["a", 1],
      ["a", 2],
      ["b", undefined],
    ],
  );
  t.end();
});

t.test("a switch that misses a case says which value it met", (t) => {
  t.throws(() => never("odd" as never), /unreachable: "odd"/);
  t.end();
});
