import * as fc from "fast-check";
import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { readCanonicalJson, readJson } from "#canon/strict-json.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function code(text: string | Uint8Array): string | undefined {
  const read = readCanonicalJson(typeof text === "string" ? bytes(text) : text, "a.json");
  return read.ok ? undefined : read.fault.code;
}

t.test("canonical bytes are read back as the value that they were made from", async () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "grapheme" }), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      const read = readCanonicalJson(canonicalBytes(plain), "a.json");
      return read.ok && JSON.stringify(read.value) === new TextDecoder().decode(canonicalBytes(plain));
    }),
  );
});

t.test("any other bytes of the same value are JSON_NOT_CANONICAL", async (t) => {
  t.equal(code('{"a":1,"b":[true,null,"x"]}'), undefined);
  for (const [text, why] of [
    ['{ "a":1}', "white space"],
    ['{"a":1}\n', "a line feed at the end"],
    ['{"b":1,"a":2}', "order of members"],
    ['{"a":1,"a":1}', "a member twice"],
    ['{"a":1.0}', "1.0"],
    ['{"a":-0}', "-0"],
    ['{"a":1e2}', "1e2"],
    ["9007199254740993", "lost precision"],
    ["1e999", "no number that JSON has"],
    [String.raw`"\u0041"`, "an escape that is not needed"],
    [String.raw`"\/"`, "an escaped slash"],
    [String.raw`"\u000A"`, "a long escape"],
    [String.raw`"\ud800"`, "a lone surrogate"],
  ] as const) {
    t.equal(code(text), "JSON_NOT_CANONICAL", why);
  }
});

t.test("what is no JSON in UTF-8 is JSON_SYNTAX, for any file", async (t) => {
  for (const text of ["", "{", "{a:1}", "[1,]", "// x\n1", "1 2", "NaN", "\ufeff{}", Uint8Array.of(0x22, 0xff, 0x22)]) {
    t.equal(code(text), "JSON_SYNTAX", String(text));
  }
  t.match(readJson(bytes(' { "b" : 1 , "a" : 1.0 } '), "a.json"), { ok: true, value: { a: 1, b: 1 } });
  t.match(readJson(bytes("{"), "a.json"), { ok: false, fault: { code: "JSON_SYNTAX", place: { file: "a.json" } } });
});

t.test("the fault names the file", async (t) => {
  t.match(readCanonicalJson(bytes("{ }"), "plan.canonical.json"), {
    ok: false,
    fault: { message: "plan.canonical.json is not canonical JSON", place: { file: "plan.canonical.json" } },
  });
});
