import { createECDH, createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readPublicKey } from "#attest/read-public-key.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";

/** Order of P-256 (SEC 2, section 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const P256_SPKI = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");

/** A key that anybody can make again from its owner's name, and that signs the same bytes in the same way each time. */
export type Person = {
  readonly name: string;
  readonly alg: "ed25519" | "ecdsa-p256-sha256";
  readonly pem: string;
  readonly keyid: string;
  readonly sign: (message: Uint8Array) => Uint8Array;
};

const secretOf = (name: string): Buffer => createHash("sha256").update(`tampered inputs: ${name}`).digest();
const integerOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const mod = (value: bigint): bigint => ((value % ORDER) + ORDER) % ORDER;

function inverse(value: bigint): bigint {
  let result = 1n;
  let base = mod(value);
  for (let power = ORDER - 2n; power > 0n; power >>= 1n) {
    result = power % 2n === 1n ? (result * base) % ORDER : result;
    base = (base * base) % ORDER;
  }
  return result;
}

/** The DER of an integer of ASN.1: shortest, never negative. */
export function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  const body = (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return Buffer.concat([Buffer.from([2, body.length]), body]);
}

export function derSequence(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** ECDSA whose nonce follows from key and message, so that it is the same each time. For keys that guard nothing. */
function ecdsa(secret: Uint8Array, message: Uint8Array): { readonly r: bigint; readonly s: bigint } {
  const digest = createHash("sha256").update(message).digest();
  const nonce = createHash("sha256").update("nonce").update(secret).update(digest).digest();
  const point = createECDH("prime256v1");
  point.setPrivateKey(nonce);
  const r = mod(integerOf(point.getPublicKey().subarray(1, 33)));
  return { r, s: mod(inverse(integerOf(nonce)) * (integerOf(digest) + r * integerOf(secret))) };
}

function personOf(name: string, p256: boolean): Person {
  const secret = secretOf(name);
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(secret);
  const privateKey = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, secret]), format: "der", type: "pkcs8" });
  const spki = p256
    ? Buffer.concat([P256_SPKI, curve.getPublicKey()])
    : createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const pem = pemOf(spki);
  const key = readPublicKey(pem, nodeSha256);
  if (!key.ok) {
    throw new Error(`${name} has no key: ${key.fault.message}`);
  }
  const byP256 = (message: Uint8Array): Uint8Array => {
    const { r, s } = ecdsa(secret, message);
    return derSequence(derInteger(r), derInteger(s));
  };
  return {
    name,
    alg: p256 ? "ecdsa-p256-sha256" : "ed25519",
    pem,
    keyid: key.value.keyid,
    sign: p256 ? byP256 : (message) => sign(null, message, privateKey),
  };
}

export function pemOf(spki: Uint8Array): string {
  const lines = Buffer.from(spki)
    .toString("base64")
    .replaceAll(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`;
}

/** r and s of the attestor who has a P-256 key, and the order that they are below. */
export const secondSignature = (
  message: Uint8Array,
): { readonly r: bigint; readonly s: bigint; readonly n: bigint } => ({
  ...ecdsa(secretOf("attestor-2"), message),
  n: ORDER,
});

const NAMES = [
  "root",
  "root-2",
  "requester",
  "attestor",
  "attestor-2",
  "approver-1",
  "approver-1b",
  "approver-2",
  "guard",
  "newcomer",
  "leaver",
  "reader",
  "revoker",
  "bearer",
  "stranger",
  "stranger-2",
] as const;
export type Name = (typeof NAMES)[number];

/** `approver-1b` is a second key of approver-1; the strangers are in no trust root. */
export const people: Readonly<Record<Name, Person>> = Object.fromEntries(
  NAMES.map((name) => [name, personOf(name, ["attestor-2", "approver-2", "stranger-2"].includes(name))]),
) as Record<Name, Person>;

/** The principal that a key stands for. */
export const principalOf = (name: Name): string => name.replace(/1b$/, "1");
