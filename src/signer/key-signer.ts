import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { attestCodes } from "#attest/codes.ts";
import { algorithmName } from "#attest/foreign-algorithm.ts";
import { SPKI_PREFIX, type PublicKey } from "#attest/public-key.ts";
import { readSpki } from "#attest/read-public-key.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Signer } from "#port/signer.ts";
import { nodeSha256 } from "./node-crypto.ts";

/** Signs with a private key in memory. Fault: KEY_ALGORITHM for all but P-256 and Ed25519. */
export function keySigner(privateKey: KeyObject): Result<Signer> {
  const key = publicKeyOf(privateKey);
  if (!key.ok) {
    return key;
  }
  const { alg, keyid, pem } = key.value;
  const digest = alg === "ed25519" ? null : "sha256";
  return ok({
    keyid,
    algorithm: alg,
    publicKey: pem,
    sign: (bytes) => Promise.resolve(ok(sign(digest, bytes, { key: privateKey, dsaEncoding: "der" }))),
  });
}

function publicKeyOf(privateKey: KeyObject): Result<PublicKey> {
  const { asymmetricKeyType: type = "an unknown algorithm", asymmetricKeyDetails: details = {} } = privateKey;
  const publicKey = createPublicKey(privateKey);
  if (type === "ec" && details.namedCurve === "prime256v1") {
    // By coordinates: an export would keep the compressed form of a key that was stored so.
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    return readSpki(Buffer.concat([Buffer.from(SPKI_PREFIX["ecdsa-p256-sha256"]), point]), nodeSha256);
  }
  if (type === "ed25519") {
    return readSpki(publicKey.export({ format: "der", type: "spki" }), nodeSha256);
  }
  const name = algorithmName(publicKey.export({ format: "der", type: "spki" })) ?? type.toUpperCase();
  return fail(faultOf(attestCodes, "KEY_ALGORITHM", { name }));
}
