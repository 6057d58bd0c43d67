import { domainToASCII } from "node:url";
import * as fc from "fast-check";
import t from "tap";
import { isPunycode } from "#pack/punycode.ts";

t.test("the samples of RFC 3492 are Punycode", async (t) => {
  for (const text of [
    "egbpdaj6bu4bxfgehfvwxn",
    "ihqwcrb4cv8a8dqg056pqjye",
    "proprostnemluvesky-uyb24dma41a",
    "porqunopuedensimplementehablarenespaol-fmd56a",
    "3b-ww4c5e180e575a65lsy2b",
    "bcher-kva",
    "ls8h",
    "80ak6aa92e",
  ]) {
    t.equal(isPunycode(text), true, text);
  }
});

t.test("what nothing was made of is none", async (t) => {
  for (const text of [
    "",
    "-",
    "a-",
    "-ls8h",
    "zz",
    "0",
    "99999",
    "abc-",
    "ls8h-",
    "bcher-kv_",
    "bücher",
    "é",
    "LS8H",
  ]) {
    t.equal(isPunycode(text), false, text);
  }
  t.equal(isPunycode("9".repeat(59)), false, "a number beyond all code points");
  t.equal(isPunycode(`${"9".repeat(400)}a`), false, "a number beyond all numbers");
  t.equal(isPunycode("dn32g"), true, "U+10FFFF");
  t.equal(isPunycode("dn32h"), false, "the next one");
  t.equal(isPunycode("hb9b"), true, "U+D7FF");
  t.equal(isPunycode("ib9b"), false, "the first surrogate");
  t.equal(isPunycode("0y0c"), true, "U+E000");
});

t.test("whatever a name of other letters becomes is Punycode", async () => {
  const letter = fc.constantFrom(..."abz09äßéñ日本語яжאبกあア가");
  fc.assert(
    fc.property(fc.array(letter, { minLength: 1, maxLength: 12 }), (letters) => {
      const ascii = domainToASCII(letters.join(""));
      return !ascii.startsWith("xn--") || isPunycode(ascii.slice(4));
    }),
  );
});
