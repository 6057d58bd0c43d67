import * as fc from "fast-check";
import t from "tap";
import { repeatedMember } from "#canon/repeated-member.ts";

t.test("a member that stands twice in one object is named, also when it is written in two ways", async (t) => {
  t.equal(repeatedMember('{"a":1,"a":2}'), "a");
  t.equal(repeatedMember('{"a":1,"\\u0061":2}'), "a");
  t.equal(repeatedMember('[{"b":{"c":[],"c":{}}}]'), "c");
  t.equal(repeatedMember('{"":1,"":1}'), "");
  t.equal(repeatedMember('{"__proto__":1,"__proto__":1}'), "__proto__");
});

t.test("the same name in different objects, and in values, is no repetition", async (t) => {
  t.equal(repeatedMember('{"a":{"a":[{"a":1},{"a":2}]},"b":"a"}'), undefined);
  t.equal(repeatedMember('{"a":["a","a"],"b":"\\"a\\":{"}'), undefined);
  t.equal(repeatedMember('"a"'), undefined);
});

t.test("JSON that was written from a value never repeats a member", async (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.jsonValue(), (value) => repeatedMember(JSON.stringify(value)) === undefined)),
  );
});

t.test("deep and long texts are read in one pass", async (t) => {
  t.equal(repeatedMember(`${"[".repeat(200_000)}${"]".repeat(200_000)}`), undefined);
  t.equal(repeatedMember(`{${Array.from({ length: 50_000 }, (_, at) => `"${at}":1`).join(",")},"7":1}`), "7");
});

t.test("long strings, also of nothing but escapes, are read without recursion", async (t) => {
  const letters = "x".repeat(5_000_000);
  const escapes = '\\"\\\\'.repeat(1_000_000);
  t.equal(repeatedMember(`{"a":"${letters}","b":"${escapes}","a":1}`), "a");
  t.equal(repeatedMember(`{"a":"${escapes}","b":1}`), undefined);
});
