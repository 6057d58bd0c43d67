import { decodeUtf8 } from "#canon/utf8.ts";
import { opensshAlgorithm } from "#attest/openssh-key.ts";

const MAGIC = "openssh-key-v1\0";

/**
 * The type of key in the body of an `OPENSSH PRIVATE KEY` block, such as `ssh-ed25519`; undefined for what is none. It
 * stands in clear, also where the key is encrypted (OpenSSH, PROTOCOL.key, section 1).
 */
export function opensshKeyType(body: Uint8Array): string | undefined {
  if (decodeUtf8(body.subarray(0, MAGIC.length)) !== MAGIC) {
    return undefined;
  }
  let at = MAGIC.length;
  // Cipher, key derivation and its options.
  for (let field = 0; field < 3; field += 1) {
    at += 4 + lengthAt(body, at);
  }
  // The number of keys, then the first public key, whose first field is its type.
  const publicKey = at + 8;
  const length = lengthAt(body, publicKey);
  const type = length > 64 ? undefined : decodeUtf8(body.subarray(publicKey + 4, publicKey + 4 + length));
  return type !== undefined && /^[a-z0-9@.-]+$/.test(type) ? opensshAlgorithm(type) : undefined;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return ((a * 256 + b) * 256 + c) * 256 + d;
}
