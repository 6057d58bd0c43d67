import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { bundleBytes, PAYLOAD_TYPE } from "#attest/sidecar.ts";
import { pae } from "#attest/pae.ts";
import type { PublicKey } from "#attest/public-key.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import type { Result } from "#fault/result.ts";
import { keySigner } from "#signer/key-signer.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import type { Signer } from "#port/signer.ts";

export type TestKey = { readonly signer: Signer; readonly key: PublicKey };

export function value<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new Error(`${result.fault.code}: ${result.fault.message}`);
  }
  return result.value;
}

export function code(result: Result<unknown>): string {
  return result.ok ? "ok" : result.fault.code;
}

export function testKey(algorithm: PublicKey["alg"] = "ecdsa-p256-sha256"): TestKey {
  const { privateKey } =
    algorithm === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return fromPrivateKey(privateKey);
}

/** The key of RFC 8032, section 7.1, test 1: its signatures are the same in every run. */
export function rfc8032Key(): TestKey {
  const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex");
  return fromPrivateKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
}

export function fromPrivateKey(key: KeyObject): TestKey {
  return withKey(value(keySigner(key)));
}

function withKey(signer: Signer): TestKey {
  return { signer, key: value(readPublicKey(signer.publicKey, nodeSha256)) };
}

/** A sidecar over these payload bytes, as packrun writes it. */
export async function sidecarOf(payload: Uint8Array, { signer }: TestKey): Promise<Uint8Array> {
  const signature = value(await signer.sign(pae(PAYLOAD_TYPE, payload)));
  return bundleBytes({ payload, signature, keyid: signer.keyid });
}
