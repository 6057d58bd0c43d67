import type { KeyAlgorithm } from "#attest/public-key.ts";
import type { Result } from "#fault/result.ts";

/**
 * Signs with one key.
 * 1. `sign` returns a DER signature (ECDSA) or the 64 bytes of a pure Ed25519 signature over exactly these bytes.
 * 2. `keyid` is the OpenSSH fingerprint of the public key: `SHA256:` and unpadded base64.
 */
export type Signer = {
  readonly keyid: string;
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKey: string;
  readonly sign: (bytes: Uint8Array) => Promise<Result<Uint8Array>>;
};
