import { concatBytes } from "#canon/bytes.ts";
import { encodeUtf8 } from "#canon/utf8.ts";

/**
 * The bytes that a DSSE signature is made over: the pre-authentication encoding of payload type and payload
 * (DSSE v1.0, protocol.md, "Signature Definition"). Lengths are decimal counts of bytes.
 */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = encodeUtf8(payloadType);
  return concatBytes(encodeUtf8(`DSSEv1 ${type.length} `), type, encodeUtf8(` ${payload.length} `), payload);
}
