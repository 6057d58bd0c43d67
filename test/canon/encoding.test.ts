import { createHash, createHmac } from "node:crypto";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import t from "tap";
import { concatBytes, equalBytes, fromHex, toHex } from "#canon/bytes.ts";
import { fromBase64, fromLooseBase64, toBase64 } from "#canon/base64.ts";
import { canonicalBytes, canonicalJson } from "#canon/canonical-json.ts";
import { digestOf, digestOfHex, digestOfJson, hexOf, isDigest, parseDigest } from "#canon/digest.ts";
import { hmacSha256 } from "#canon/hmac.ts";
import { readCanonicalJson, readJson } from "#canon/strict-json.ts";
import { compareUtf8, decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

t.test("base64 and hex agree with the platform and read back what they wrote", (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      (bytes) =>
        toBase64(bytes) === Buffer.from(bytes).toString("base64") &&
        toHex(bytes) === Buffer.from(bytes).toString("hex") &&
        equalBytes(fromBase64(toBase64(bytes)) ?? new Uint8Array(1), bytes) &&
        equalBytes(fromLooseBase64(Buffer.from(bytes).toString("base64url")) ?? new Uint8Array(1), bytes) &&
        equalBytes(fromHex(toHex(bytes)) ?? new Uint8Array(1), bytes),
    ),
    { numRuns: 50 },
  );
  t.end();
});

t.test("base64 that is not canonical is refused", (t) => {
  for (const text of ["QQ", "QR==", "QQ=", "Q Q=", "QQ==\n", "-_==", "=", "A===", "QUI=QUI="]) {
    t.equal(fromBase64(text), undefined, text);
  }
  t.equal(fromLooseBase64("QR"), undefined, "unused bits must be zero in every profile");
  for (const text of ["QQ=", "QUI==", "QUJD=", "QUJD==", "=", "Q", "-_=="]) {
    t.equal(fromLooseBase64(text), undefined, `${text}: padding is whole or absent`);
  }
  t.equal(fromHex("abc"), undefined);
  t.equal(fromHex("zz"), undefined);
  t.end();
});

t.test("the portable SHA-256 and HMAC agree with node:crypto", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array(), (key, message) => {
      const expected = createHmac("sha256", key).update(message).digest("hex");
      return [sha256, nobleSha256].every((hash) => toHex(hmacSha256(key, message, hash)) === expected);
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test("UTF-8 order is the order of the encoded bytes", (t) => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      const expected = Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      return Math.sign(compareUtf8(a, b)) === expected;
    }),
    { numRuns: 300 },
  );
  t.ok(compareUtf8("\u{ffff}", "\u{10000}") < 0);
  t.equal(decodeUtf8(new Uint8Array([0xff])), undefined);
  t.equal(decodeUtf8(encodeUtf8("é")), "é");
  t.end();
});

t.test("digests are parsed, never guessed", (t) => {
  const digest = digestOf(encodeUtf8("abc"), sha256);
  t.equal(digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  t.equal(digestOfHex(hexOf(digest)), digest);
  t.equal(parseDigest("sha256:00"), undefined);
  t.notOk(isDigest(7));
  t.throws(() => digestOfHex("00"));
  t.equal(digestOfJson({ b: 1, a: 2 }, sha256), digestOf(encodeUtf8('{"a":2,"b":1}'), sha256));
  t.end();
});

t.test("canonical JSON reads back as it was written, and nothing else is canonical", (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "grapheme" }), (value) => {
      const bytes = canonicalBytes(value);
      const read = readCanonicalJson(bytes, "x.json");
      return read.ok && canonicalJson(read.value) === canonicalJson(value);
    }),
    { numRuns: 100 },
  );
  const bad = [
    '{"a":1,"a":1}',
    '{"b":1,"a":2}',
    "1.0",
    "-0",
    "[1, 2]",
    "\ufeff1",
    "1\n",
    '"\\u0041"',
    "1e2",
    '"\\ud800"',
  ];
  for (const text of bad) {
    const read = readCanonicalJson(encodeUtf8(text), "x.json");
    t.notOk(read.ok, text);
    t.match(!read.ok && read.fault.code, /^JSON_(NOT_CANONICAL|SYNTAX)$/);
  }
  const syntax = readJson(encodeUtf8("{"), "x.json");
  t.equal(!syntax.ok && syntax.fault.code, "JSON_SYNTAX");
  const utf8 = readJson(new Uint8Array([0xff]), "x.json");
  t.match(!utf8.ok && utf8.fault.message, /not valid UTF-8/);
  t.throws(() => canonicalJson(undefined));
  t.same(concatBytes(new Uint8Array([1]), new Uint8Array([2, 3])), new Uint8Array([1, 2, 3]));
  t.end();
});
