import { array, literal, object, string, type Infer } from "#canon/shape.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { toBase64 } from "#canon/base64.ts";
import { KEYID } from "./public-key.ts";

export const BUNDLE_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
export const PAYLOAD_TYPE = "application/vnd.in-toto+json";
/** What stands behind the name of a file in the name of its sidecar. */
export const SIDECAR_SUFFIX = ".sigstore.json";
/** Beyond this a sidecar is refused unread. cosign stops at 128 MiB. */
export const MAX_SIDECAR_BYTES: number = 64 * 1024 * 1024;

const keyid = string({ pattern: KEYID, expected: "an OpenSSH fingerprint, SHA256: and 43 letters of base64" });

/** The parts of a sidecar as packrun writes it. */
export const publicKeyShape = object({ hint: keyid });
export const envelopeShape = object({
  payload: string(),
  payloadType: literal(PAYLOAD_TYPE),
  signatures: array(object({ keyid, sig: string() }), { min: 1, max: 1 }),
});
/** A sidecar as packrun writes it: a Sigstore bundle v0.3 with exactly these members. */
export const sidecarShape = object({
  mediaType: literal(BUNDLE_MEDIA_TYPE),
  verificationMaterial: object({ publicKey: publicKeyShape }),
  dsseEnvelope: envelopeShape,
});
type SidecarDocument = Infer<typeof sidecarShape>;

/**
 * How strictly a sidecar is read. `own`: exactly what packrun writes. `interop`: envelopes that others made; white space,
 * order of members, an absent keyid, any hint, log entries and timestamps (ignored), and both base64 alphabets pass.
 */
export type Profile = "own" | "interop";

/** One DSSE envelope with its one signature, taken out of a sidecar. Nothing in it is trusted or selects a key. */
export type Envelope = {
  readonly profile: Profile;
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** Absent when the maker left it out (interop). */
  readonly keyid?: string;
};

/** The bytes of a sidecar: the JCS of a Sigstore bundle v0.3 that holds one DSSE envelope with one signature. */
export function bundleBytes(of: {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly keyid: string;
}): Uint8Array {
  const document: SidecarDocument = {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: of.keyid } },
    dsseEnvelope: {
      payload: toBase64(of.payload),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ keyid: of.keyid, sig: toBase64(of.signature) }],
    },
  };
  return canonicalBytes(document);
}
