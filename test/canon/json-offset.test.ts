import * as fc from "fast-check";
import t from "tap";
import { jsonOffset } from "#canon/json-offset.ts";
import { readJson } from "#canon/strict-json.ts";

t.test("JSON has no place where it goes wrong", async (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "grapheme" }), fc.constantFrom("", " ", "\n\t"), (value, indent) => {
      return jsonOffset(JSON.stringify(value, undefined, indent)) === undefined;
    }),
  );
  for (const text of [
    " 1 ",
    "-0.5e+10",
    String.raw`"\u00e9\n\/"`,
    "[[],{}]",
    "[".repeat(100_000) + "]".repeat(100_000),
  ]) {
    t.equal(jsonOffset(text), undefined, text.slice(0, 20));
  }
});

t.test("it says just where JSON.parse gives up, for any text", async () => {
  const piece = fc.constantFrom(
    ..."{}[]:,".split(""),
    '"a"',
    "1",
    "-",
    "0",
    "01",
    "true",
    "nul",
    " ",
    "\\",
    '"',
    "\n",
    "é",
    "\u0000",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      return isJson === (jsonOffset(text) === undefined);
    }),
    { numRuns: 5000 },
  );
});

t.test("the first character that cannot stand there is named, or that the text ends", async (t) => {
  for (const [text, offset] of [
    ["", 0],
    ["  ", 2],
    ["{", 1],
    ["{a:1}", 1],
    ["[1,]", 3],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ["1 2", 2],
    ["NaN", 0],
    ["[01]", 2],
    ['"a\nb"', 2],
    [String.raw`"a\x"`, 2],
    ['"abc', 4],
    ["[1}", 2],
    ["]", 0],
    ["\ufeff{}", 0],
  ] as const) {
    t.equal(jsonOffset(text), offset, JSON.stringify(text));
  }
});

t.test("a fault has the same words on every engine", async (t) => {
  const wrong = (text: string) => readJson(Buffer.from(text), "a.json");
  t.match(wrong('{"a": 1,}'), { fault: { message: "a.json is not JSON: it goes wrong at character 9" } });
  t.match(wrong('{"a": 1'), { fault: { message: "a.json is not JSON: it ends too early" } });
});
