import { randomBytes, scrypt } from "node:crypto";
import { fromBase64, toBase64 } from "#canon/base64.ts";
import { isJsonObject } from "#canon/json.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";

/**
 * Private keys as cosign encrypts them: JSON around nacl secretbox (XSalsa20-Poly1305) of the PKCS#8 DER, under a key
 * that scrypt makes from the password. Source: go-securesystemslib, package `encrypted`.
 */
export const SEALED_LABELS: readonly string[] = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];

const COSTS: readonly unknown[] = [32_768, 65_536, 131_072];
const BLOCK = 8;

type Sealed = {
  readonly cost: number;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly box: Uint8Array;
};

export type Unsealed =
  | { readonly kind: "key"; readonly pkcs8: Uint8Array }
  | { readonly kind: "wrongPassword" }
  | { readonly kind: "damaged" };

/** Opens the body of a PEM block with one of `SEALED_LABELS`. */
export async function unsealKey(body: Uint8Array, password: string): Promise<Unsealed> {
  const sealed = readSealed(body);
  if (sealed === undefined) {
    return { kind: "damaged" };
  }
  const { xsalsa20poly1305 } = await import("@noble/ciphers/salsa.js");
  const key = await deriveKey(password, sealed.salt, sealed.cost);
  try {
    return { kind: "key", pkcs8: xsalsa20poly1305(key, sealed.nonce).decrypt(sealed.box) };
  } catch {
    return { kind: "wrongPassword" };
  } finally {
    key.fill(0);
  }
}

/** The body of an `ENCRYPTED SIGSTORE PRIVATE KEY` block that holds this PKCS#8 DER; cosign reads it too. */
export async function sealKey(pkcs8: Uint8Array, password: string): Promise<Uint8Array> {
  const cost = 65_536;
  const salt = randomBytes(32);
  const nonce = randomBytes(24);
  const { xsalsa20poly1305 } = await import("@noble/ciphers/salsa.js");
  const key = await deriveKey(password, salt, cost);
  const box = xsalsa20poly1305(key, nonce).encrypt(pkcs8);
  key.fill(0);
  return encodeUtf8(
    JSON.stringify({
      kdf: { name: "scrypt", params: { N: cost, r: BLOCK, p: 1 }, salt: toBase64(salt) },
      cipher: { name: "nacl/secretbox", nonce: toBase64(nonce) },
      ciphertext: toBase64(box),
    }),
  );
}

/** Costs outside the known ones are refused: a file must not be able to ask for any amount of memory. */
function readSealed(body: Uint8Array): Sealed | undefined {
  const { kdf, cipher, ciphertext } = parseObject(decodeUtf8(body) ?? "");
  const { name, params, salt } = isJsonObject(kdf) ? kdf : {};
  const { N: cost, r, p } = isJsonObject(params) ? params : {};
  const { name: cipherName, nonce } = isJsonObject(cipher) ? cipher : {};
  const known = name === "scrypt" && COSTS.includes(cost) && r === BLOCK && p === 1 && cipherName === "nacl/secretbox";
  const [saltBytes, nonceBytes, box] = [salt, nonce, ciphertext].map((text) =>
    typeof text === "string" ? fromBase64(text) : undefined,
  );
  if (!known || saltBytes === undefined || nonceBytes?.length !== 24 || box === undefined || box.length < 16) {
    return undefined;
  }
  return { cost: Number(cost), salt: saltBytes, nonce: nonceBytes, box };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text) as unknown;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

function deriveKey(password: string, salt: Uint8Array, cost: number): Promise<Uint8Array> {
  const options = { N: cost, r: BLOCK, p: 1, maxmem: 2 * 128 * cost * BLOCK };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
