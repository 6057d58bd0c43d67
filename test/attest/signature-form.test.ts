import { generateKeyPairSync, sign } from "node:crypto";
import * as fc from "fast-check";
import t from "tap";
import { isSignature, isSignatureOf } from "#attest/signature-form.ts";
import { fromHex } from "#canon/bytes.ts";

const der = (hex: string): Uint8Array => fromHex(hex.replaceAll(" ", "")) ?? new Uint8Array();
const isEcdsa = (hex: string): boolean => isSignatureOf("ecdsa-p256-sha256", der(hex));

t.test("the shortest integers are taken, every other spelling of them is refused", async (t) => {
  t.ok(isEcdsa("3006 020101 020101"));
  t.ok(isEcdsa("3007 02020080 020101"), "a leading zero where the sign needs it");
  t.notOk(isEcdsa("3007 02020001 020101"), "a leading zero without need");
  t.notOk(isEcdsa("3006 020181 020101"), "a negative integer");
  t.notOk(isEcdsa("3006 020100 020101"), "zero");
  t.notOk(isEcdsa("3081 06 020101 020101"), "a long length");
  t.notOk(isEcdsa("3006 020101 020101 00"), "something behind");
  t.notOk(isEcdsa("3009 020101 020101 020101"), "a third integer");
  t.notOk(isEcdsa("3005 020101 0200"), "an empty integer");
  t.notOk(isEcdsa("3106 020101 020101"), "a set in place of a sequence");
  t.notOk(isEcdsa(""));
});

t.test("integers that are not below the order of the curve are refused", async (t) => {
  const order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  t.notOk(isEcdsa(`3026 022100${order} 020101`));
  t.ok(isEcdsa(`3026 022100${order.slice(0, -1)}0 020101`));
  t.notOk(isEcdsa(`3026 022101${order} 020101`), "33 significant bytes");
});

t.test("raw r and s are no DER, and 64 bytes are the form of Ed25519", async (t) => {
  t.notOk(isSignatureOf("ecdsa-p256-sha256", new Uint8Array(64).fill(1)));
  t.ok(isSignatureOf("ed25519", new Uint8Array(64)));
  t.notOk(isSignatureOf("ed25519", new Uint8Array(65)));
  t.notOk(isSignature(new Uint8Array(65)));
});

t.test("no bytes make the reader throw, and what it takes has one spelling", async (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => typeof isSignature(bytes) === "boolean")),
  );
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array(), (message) =>
        isSignatureOf("ecdsa-p256-sha256", sign("sha256", message, privateKey)),
      ),
      { numRuns: 30 },
    ),
  );
});
