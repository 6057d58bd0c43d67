import { fromBase64 } from "#canon/base64.ts";
import type { Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { attestCodes } from "./codes.ts";
import { isEd25519Point, isP256Point } from "./curve-point.ts";
import { algorithmName } from "./foreign-algorithm.ts";
import { fingerprintOf, publicKeyPem, rawKeyOf, SPKI_PREFIX, type KeyAlgorithm, type PublicKey } from "./public-key.ts";

const PEM = /^[ \t\r\n]*-----BEGIN ([A-Z0-9 ]+)-----[ \t\r\n]([A-Za-z0-9+/= \t\r\n]*)-----END \1-----[ \t\r\n]*$/;
const LENGTH: Readonly<Record<KeyAlgorithm, number>> = { "ecdsa-p256-sha256": 91, ed25519: 44 };
/** SubjectPublicKeyInfo of a P-256 key whose point is compressed (33 bytes). */
const COMPRESSED_P256_LENGTH = 59;

/**
 * Reads one public key in PEM. Faults: KEY_SYNTAX (no single PEM block of a public key), KEY_COMPRESSED,
 * KEY_ALGORITHM (names what it is), KEY_POINT (not a point of its curve).
 */
export function readPublicKey(pem: string, sha256: Sha256): Result<PublicKey> {
  const [, label, body = ""] = PEM.exec(pem) ?? [];
  if (label === undefined) {
    return notAKey("it is not one PEM block");
  }
  if (label !== "PUBLIC KEY") {
    return notAKey(`it is a PEM block of type ${label}`);
  }
  const spkiDer = fromBase64(body.replaceAll(/[ \t\r\n]+/g, ""));
  return spkiDer === undefined ? notAKey("its base64 is damaged") : readSpki(spkiDer, sha256);
}

/** Reads one SubjectPublicKeyInfo in DER. Faults as `readPublicKey`. */
export function readSpki(spkiDer: Uint8Array, sha256: Sha256): Result<PublicKey> {
  const alg = algorithmOf(spkiDer);
  if (alg === undefined) {
    const name = algorithmName(spkiDer);
    return name === undefined
      ? notAKey("it is no SubjectPublicKeyInfo")
      : fail(faultOf(attestCodes, "KEY_ALGORITHM", { name }));
  }
  if (alg === "ecdsa-p256-sha256" && spkiDer.length === COMPRESSED_P256_LENGTH) {
    return fail(faultOf(attestCodes, "KEY_COMPRESSED"));
  }
  const raw = rawKeyOf(alg, spkiDer);
  if (spkiDer.length !== LENGTH[alg] || !(alg === "ed25519" ? isEd25519Point(raw) : isP256Point(raw))) {
    return fail(faultOf(attestCodes, "KEY_POINT", { alg }));
  }
  return ok({ alg, spkiDer, pem: publicKeyPem(spkiDer), keyid: fingerprintOf(alg, spkiDer, sha256) });
}

/** By the AlgorithmIdentifier alone: bytes 2 up to the bit string, whose length differs for compressed points. */
function algorithmOf(spkiDer: Uint8Array): KeyAlgorithm | undefined {
  return (["ecdsa-p256-sha256", "ed25519"] as const).find((alg) => {
    const prefix = SPKI_PREFIX[alg];
    const identifier = prefix.slice(2, -3);
    return (
      spkiDer[0] === 0x30 &&
      spkiDer[1] === spkiDer.length - 2 &&
      identifier.every((byte, at) => spkiDer[at + 2] === byte) &&
      spkiDer[prefix.length - 3] === 0x03 &&
      spkiDer[prefix.length - 2] === spkiDer.length - prefix.length + 1 &&
      spkiDer[prefix.length - 1] === 0
    );
  });
}

function notAKey(problem: string): Result<never> {
  return fail(faultOf(attestCodes, "KEY_SYNTAX", { problem }));
}
