import { concatBytes } from "./bytes.ts";
import type { Sha256 } from "./digest.ts";

const BLOCK = 64;

/** HMAC-SHA256 (RFC 2104) over an injected SHA-256; 32 bytes. */
export function hmacSha256(key: Uint8Array, message: Uint8Array, sha256: Sha256): Uint8Array {
  const block = new Uint8Array(BLOCK);
  block.set(key.length > BLOCK ? sha256(key) : key);
  const inner = sha256(
    concatBytes(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  );
  return sha256(
    concatBytes(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}
