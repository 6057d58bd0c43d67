import { scryptSync } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import t from "tap";
import { fromHex, toHex } from "#canon/bytes.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { sealKey, unsealKey } from "#signer/sealed-key.ts";

const secret = Uint8Array.from({ length: 138 }, (_, at) => at);

/** A sealed key as go-securesystemslib lays it out. */
function sealed(change: { N?: number; r?: number; kdf?: string; cipher?: string; nonce?: string } = {}): Uint8Array {
  const { N = 32_768, r = 8, kdf = "scrypt", cipher = "nacl/secretbox" } = change;
  const salt = Buffer.alloc(32, 7);
  const nonce = Buffer.alloc(24, 9);
  const key = scryptSync("correct horse", salt, 32, { N: 32_768, r: 8, p: 1, maxmem: 2 ** 27 });
  const box = Buffer.from(xsalsa20poly1305(key, nonce).encrypt(secret));
  return encodeUtf8(
    JSON.stringify({
      kdf: { name: kdf, params: { N, r, p: 1 }, salt: salt.toString("base64") },
      cipher: { name: cipher, nonce: change.nonce ?? nonce.toString("base64") },
      ciphertext: box.toString("base64"),
    }),
  );
}

t.test("the cipher is NaCl's secretbox: the vector of the NaCl paper, section 10", async (t) => {
  const key = fromHex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389") ?? new Uint8Array();
  const nonce = fromHex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37") ?? new Uint8Array();
  const message =
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705";
  const box =
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5";
  t.equal(toHex(xsalsa20poly1305(key, nonce).encrypt(fromHex(message) ?? new Uint8Array())), box);
});

t.test("a sealed key opens with its password", async (t) => {
  t.same(await unsealKey(sealed(), "correct horse"), { kind: "key", pkcs8: secret });
});

t.test("a wrong password is told apart from damage", async (t) => {
  t.strictSame(await unsealKey(sealed(), "correct hors"), { kind: "wrongPassword" });
  t.strictSame(await unsealKey(encodeUtf8("{}"), "correct horse"), { kind: "damaged" });
  t.strictSame(await unsealKey(encodeUtf8("no json"), "correct horse"), { kind: "damaged" });
  t.strictSame(await unsealKey(sealed({ nonce: "AAAA" }), "correct horse"), { kind: "damaged" });
});

t.test("costs and algorithms outside the known ones are refused before any work", async (t) => {
  for (const change of [{ N: 2 ** 30 }, { N: 2 }, { r: 1024 }, { kdf: "pbkdf2" }, { cipher: "aes" }]) {
    t.strictSame(await unsealKey(sealed(change), "correct horse"), { kind: "damaged" });
  }
});

t.test("what is sealed can be opened, and differs every time", async (t) => {
  const [one, two] = [await sealKey(secret, "pässword"), await sealKey(secret, "pässword")];
  t.same(await unsealKey(one, "pässword"), { kind: "key", pkcs8: secret });
  t.notSame(one, two);
  t.match(JSON.parse(new TextDecoder().decode(one)), { kdf: { params: { N: 65_536, r: 8, p: 1 } } });
});
