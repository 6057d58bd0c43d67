import { fromBase64, toBase64 } from "#canon/base64.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { array, describeMisfit, literal, misfitsOf, object, string, type Infer } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { anchorCodes } from "./anchor-codes.ts";
import { readSidecar } from "./read-sidecar.ts";
import {
  BUNDLE_MEDIA_TYPE,
  envelopeShape,
  MAX_SIDECAR_BYTES,
  publicKeyShape,
  type Envelope,
  type sidecarShape,
} from "./sidecar.ts";

/** The most timestamps and the most entries of an anchor. */
export const MOST_ANCHORS = 16;

const base64 = string({
  pattern: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  min: 4,
  expected: "base64",
});
const count = string({ pattern: /^(?:0|[1-9][0-9]{0,18})$/, expected: "a count in digits" });

/**
 * An entry of a transparency log as Rekor v2 answers it (sigstore `TransparencyLogEntry`), with its proof of inclusion.
 * It has no time: `integratedTime` and promises, which such logs do not make, are left out.
 */
export const logEntryShape = object({
  logIndex: count,
  logId: object({ keyId: base64 }),
  kindVersion: object({ kind: literal("hashedrekord"), version: literal("0.0.2") }),
  inclusionProof: object({
    logIndex: count,
    rootHash: base64,
    treeSize: count,
    hashes: array(base64, { max: 64 }),
    checkpoint: object({ envelope: string({ min: 1, max: 65_536 }) }),
  }),
  canonicalizedBody: base64,
});
export type LogEntry = Infer<typeof logEntryShape>;

/** `<name>.anchor.sigstore.json`: the attestation's sidecar once more, and who vouches that it was there, and when. */
export const anchorFileShape = object({
  mediaType: literal(BUNDLE_MEDIA_TYPE),
  verificationMaterial: object(
    { publicKey: publicKeyShape },
    {
      timestampVerificationData: object({
        rfc3161Timestamps: array(object({ signedTimestamp: base64 }), { min: 1, max: MOST_ANCHORS }),
      }),
      tlogEntries: array(logEntryShape, { min: 1, max: MOST_ANCHORS }),
    },
  ),
  dsseEnvelope: envelopeShape,
});

/** An anchor that was read: what it vouches for, and by what. Nothing of it is proven. */
export type AnchorFile = {
  /** The sidecar that it repeats, byte for byte. */
  readonly sidecar: Uint8Array;
  readonly envelope: Envelope;
  /** Answers of timestamp authorities (RFC 3161 `TimeStampResp`, DER) over the PAE of the envelope. */
  readonly timestamps: readonly Uint8Array[];
  readonly entries: readonly LogEntry[];
};

/** Reads an anchor: canonical JSON of its closed form. Faults: ANCHOR_FORM, and those of `readSidecar`. */
export function readAnchorFile(bytes: Uint8Array): Result<AnchorFile> {
  if (bytes.length > 2 * MAX_SIDECAR_BYTES) {
    return refuse("it is larger than any anchor may be");
  }
  const read = readCanonicalJson(bytes, "anchor");
  if (!read.ok) {
    return refuse("it is not canonical JSON");
  }
  const [misfit] = misfitsOf(anchorFileShape, read.value);
  if (misfit !== undefined) {
    return refuse(describeMisfit(misfit));
  }
  const { mediaType, verificationMaterial, dsseEnvelope } = read.value as Infer<typeof anchorFileShape>;
  const { publicKey, timestampVerificationData, tlogEntries = [] } = verificationMaterial;
  const sidecar = canonicalBytes({ mediaType, verificationMaterial: { publicKey }, dsseEnvelope });
  const envelope = readSidecar(sidecar, "own");
  if (!envelope.ok) {
    return envelope;
  }
  const timestamps = (timestampVerificationData?.rfc3161Timestamps ?? []).map(({ signedTimestamp }) =>
    fromBase64(signedTimestamp),
  );
  const sound = timestamps.filter((timestamp) => timestamp !== undefined);
  if (timestamps.length + tlogEntries.length === 0) {
    return refuse("it has neither a timestamp nor a log entry");
  }
  return sound.length === timestamps.length
    ? ok({ sidecar, envelope: envelope.value, timestamps: sound, entries: tlogEntries })
    : refuse("the base64 of a timestamp is damaged");
}

/** The bytes of an anchor over a sidecar in the own profile. At least one timestamp or entry must be given. */
export function anchorFileBytes(
  sidecar: Uint8Array,
  timestamps: readonly Uint8Array[],
  entries: readonly LogEntry[],
): Result<Uint8Array> {
  const read = readCanonicalJson(sidecar, "sidecar");
  if (!read.ok) {
    return read;
  }
  const { mediaType, verificationMaterial, dsseEnvelope } = read.value as Infer<typeof sidecarShape>;
  const rfc3161Timestamps = timestamps.map((timestamp) => ({ signedTimestamp: toBase64(timestamp) }));
  const material = {
    publicKey: verificationMaterial.publicKey,
    ...(timestamps.length === 0 ? {} : { timestampVerificationData: { rfc3161Timestamps } }),
    ...(entries.length === 0 ? {} : { tlogEntries: entries }),
  };
  return ok(canonicalBytes({ mediaType, verificationMaterial: material, dsseEnvelope }));
}

function refuse(problem: string): Result<never> {
  return fail(faultOf(anchorCodes, "ANCHOR_FORM", { problem }));
}
