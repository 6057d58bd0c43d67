import { fromBase64, fromLooseBase64 } from "#canon/base64.ts";
import { isJsonObject } from "#canon/json.ts";
import { repeatedMember } from "#canon/repeated-member.ts";
import {
  anything,
  array,
  describeMisfit,
  literal,
  misfitsOf,
  object,
  string,
  type Misfit,
  type Shape,
} from "#canon/shape.ts";
import { readCanonicalJson, readJson } from "#canon/strict-json.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import type { FaultData } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { attestCodes } from "./codes.ts";
import {
  BUNDLE_MEDIA_TYPE,
  MAX_SIDECAR_BYTES,
  PAYLOAD_TYPE,
  sidecarShape,
  type Envelope,
  type Profile,
} from "./sidecar.ts";
import { isSignature } from "./signature-form.ts";

/** Sidecars of others; `tlogEntries` and timestamps are neither read nor believed. */
const interopShape = object({
  mediaType: literal(BUNDLE_MEDIA_TYPE),
  verificationMaterial: object(
    { publicKey: object({}, { hint: string() }) },
    { tlogEntries: anything(), timestampVerificationData: anything() },
  ),
  dsseEnvelope: object({
    payload: string(),
    payloadType: literal(PAYLOAD_TYPE),
    signatures: array(object({ sig: string() }, { keyid: string() }), { min: 1, max: 1 }),
  }),
});

/** Reads one sidecar. Faults: ENVELOPE_* (see the table) and SIGNATURE_FORM; never throws on any bytes. */
export function readSidecar(bytes: Uint8Array, profile: Profile): Result<Envelope> {
  if (bytes.length > MAX_SIDECAR_BYTES) {
    return refuse("ENVELOPE_SIZE", { bytes: bytes.length, most: MAX_SIDECAR_BYTES });
  }
  const read = profile === "own" ? readOwn(bytes) : readForeign(bytes);
  if (!read.ok) {
    return read;
  }
  const document: Result<Document> =
    profile === "own" ? held(sidecarShape, read.value) : held(interopShape, read.value);
  return document.ok ? envelopeOf(document.value, profile) : document;
}

type Document = {
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly { readonly sig: string; readonly keyid?: string }[];
  };
  readonly verificationMaterial: { readonly publicKey: { readonly hint?: string } };
};

function envelopeOf(document: Document, profile: Profile): Result<Envelope> {
  const { payload, payloadType, signatures } = document.dsseEnvelope;
  const [{ sig, keyid = "" } = { sig: "" }] = signatures;
  if (profile === "own" && document.verificationMaterial.publicKey.hint !== keyid) {
    return refuse("ENVELOPE_KEYID", { problem: "its hint is not its keyid" });
  }
  const decode = profile === "own" ? fromBase64 : fromLooseBase64;
  const payloadBytes = decode(payload);
  const signature = decode(sig);
  if (payloadBytes === undefined || signature === undefined) {
    return refuse("ENVELOPE_BASE64", { member: payloadBytes === undefined ? "payload" : "sig" });
  }
  if (!isSignature(signature)) {
    return refuse("SIGNATURE_FORM", { length: signature.length });
  }
  const envelope = { profile, payloadType, payload: payloadBytes, signature };
  return ok(keyid === "" ? envelope : { ...envelope, keyid });
}

function readOwn(bytes: Uint8Array): Result<unknown> {
  const read = readCanonicalJson(bytes, "sidecar");
  if (read.ok) {
    return read;
  }
  const plain = readJson(bytes, "sidecar");
  return plain.ok
    ? refuse("ENVELOPE_NOT_CANONICAL")
    : refuse("ENVELOPE_SYNTAX", { problem: "it is not JSON in UTF-8" });
}

function readForeign(bytes: Uint8Array): Result<unknown> {
  const read = readJson(bytes, "sidecar");
  const text = decodeUtf8(bytes) ?? "";
  if (!read.ok) {
    return refuse("ENVELOPE_SYNTAX", { problem: "it is not JSON in UTF-8" });
  }
  const repeated = repeatedMember(text);
  return repeated === undefined ? read : refuse("ENVELOPE_SYNTAX", { problem: `member "${repeated}" stands twice` });
}

function held<T>(shape: Shape<T>, value: unknown): Result<T> {
  const [first] = misfitsOf(shape, value);
  return first === undefined ? ok(value as T) : misfitFault(first, value);
}

/** Media type, payload type and the number of signatures have codes of their own. */
function misfitFault(misfit: Misfit, value: unknown): Result<never> {
  const problem = describeMisfit(misfit);
  const path = misfit.path.join(".");
  if (misfit.problem === "value" || misfit.problem === "type") {
    if (path === "mediaType") {
      return refuse("ENVELOPE_MEDIA_TYPE", { found: misfit.found });
    }
    if (path === "dsseEnvelope.payloadType") {
      return refuse("ENVELOPE_PAYLOAD_TYPE", { found: misfit.found });
    }
    if (path === "dsseEnvelope.signatures") {
      return refuse("ENVELOPE_SIGNATURES", { found: misfit.found });
    }
    if (path === "dsseEnvelope.signatures.0.keyid" || path === "verificationMaterial.publicKey.hint") {
      return refuse("ENVELOPE_KEYID", { problem });
    }
  }
  return refuse("ENVELOPE_SHAPE", { problem: isJsonObject(value) ? problem : "it is no JSON object" });
}

function refuse(code: keyof typeof attestCodes, data: FaultData = {}): Result<never> {
  return fail(faultOf(attestCodes, code, data));
}
