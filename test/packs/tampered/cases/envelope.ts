import type { Change } from "../change.ts";
import { people } from "../people.ts";
import { omit, type Sidecar } from "../signed-file.ts";
import { allowed, tampered, type TamperedCase } from "../tampered-case.ts";

const envelope = (edit: (dsse: Sidecar["dsseEnvelope"]) => unknown) => (sidecar: Sidecar) => ({
  ...sidecar,
  dsseEnvelope: edit(sidecar.dsseEnvelope),
});
const attestation = (sidecar: (sidecar: Sidecar) => unknown): Change => ({ signing: { sidecar } });
/** The first approval, which is read in the interop profile. */
const approval = (sidecar: (sidecar: Sidecar) => unknown): Change => ({
  decisions: [{ by: "approver-1", signing: { sidecar } }, { by: "approver-2" }],
});
const rewritten = (bytes: (text: string) => string): Change => ({
  signing: { bytes: (plain) => Buffer.from(bytes(String(plain))) },
});
const approvalRewritten = (bytes: (text: string) => string): Change => ({
  decisions: [
    { by: "approver-1", signing: { bytes: (plain) => Buffer.from(bytes(String(plain))) } },
    { by: "approver-2" },
  ],
});
const signatureOf = (edit: (signature: { readonly keyid: string; readonly sig: string }) => unknown) =>
  envelope((dsse) => ({ ...dsse, signatures: dsse.signatures.map(edit) }));
const payload = (edit: (payload: string) => string) => envelope((dsse) => ({ ...dsse, payload: edit(dsse.payload) }));
const sig = (edit: (sig: string) => string) => signatureOf((signature) => ({ ...signature, sig: edit(signature.sig) }));
const hinted = (hint: string) => (sidecar: Sidecar) => ({ ...sidecar, verificationMaterial: { publicKey: { hint } } });

const urlAlphabet = (text: string): string => text.replaceAll("+", "-").replaceAll("/", "_");
/** The last letter before one padding sign, with its two unused bits set. */
const looseBits = (text: string): string =>
  text.replace(
    /(.)(=+)$/,
    (_, letter: string, padding: string) => String.fromCharCode(letter.charCodeAt(0) + 1) + padding,
  );

export const envelopeCases: readonly TamperedCase[] = [
  tampered("envelope/payload-type", "payload-type ENVELOPE_PAYLOAD_TYPE", {
    signing: {
      paeType: "application/json",
      sidecar: envelope((dsse) => ({ ...dsse, payloadType: "application/json" })),
    },
  }),
  tampered(
    "envelope/payload-type-upper-case",
    "payload-type ENVELOPE_PAYLOAD_TYPE",
    attestation(envelope((dsse) => ({ ...dsse, payloadType: dsse.payloadType.toUpperCase() }))),
  ),
  tampered("envelope/run-request-payload-type", "run-request ENVELOPE_PAYLOAD_TYPE", {
    runRequestSigning: { sidecar: envelope((dsse) => ({ ...dsse, payloadType: "text/plain" })) },
  }),
  tampered(
    "envelope/approval-payload-type",
    "approvals ENVELOPE_PAYLOAD_TYPE",
    approval(envelope((dsse) => ({ ...dsse, payloadType: "text/plain" }))),
  ),
  tampered(
    "envelope/two-signatures",
    "envelope ENVELOPE_SIGNATURES",
    attestation(envelope((dsse) => ({ ...dsse, signatures: [...dsse.signatures, ...dsse.signatures] }))),
  ),
  tampered(
    "envelope/no-signature",
    "envelope ENVELOPE_SIGNATURES",
    attestation(envelope((dsse) => ({ ...dsse, signatures: [] }))),
  ),
  tampered(
    "envelope/approval-two-signatures",
    "approvals ENVELOPE_SIGNATURES",
    approval(envelope((dsse) => ({ ...dsse, signatures: [...dsse.signatures, ...dsse.signatures] }))),
  ),
  tampered(
    "envelope/unknown-member",
    "envelope ENVELOPE_SHAPE",
    attestation((sidecar) => ({ ...sidecar, note: "trust me" })),
  ),
  tampered(
    "envelope/unknown-member-of-signature",
    "envelope ENVELOPE_SHAPE",
    attestation(signatureOf((signature) => ({ ...signature, cert: "" }))),
  ),
  tampered(
    "envelope/approval-unknown-member",
    "approvals ENVELOPE_SHAPE",
    approval((sidecar) => ({ ...sidecar, note: "trust me" })),
  ),
  tampered(
    "envelope/member-twice",
    "envelope ENVELOPE_NOT_CANONICAL",
    rewritten((text) => text.replace("{", '{"mediaType":"x",')),
  ),
  tampered(
    "envelope/approval-member-twice",
    "approvals ENVELOPE_SYNTAX",
    approvalRewritten((text) => text.replace('"payload":', '"payload":"e30=","payload":')),
  ),
  tampered(
    "envelope/approval-member-twice-escaped",
    "approvals ENVELOPE_SYNTAX",
    approvalRewritten((text) => text.replace('"payload":', String.raw`"p\u0061yload":"e30=","payload":`)),
  ),
  tampered(
    "envelope/media-type",
    "envelope ENVELOPE_MEDIA_TYPE",
    attestation((sidecar) => ({ ...sidecar, mediaType: sidecar.mediaType.replace("0.3", "0.2") })),
  ),
  tampered(
    "envelope/media-type-missing",
    "envelope ENVELOPE_SHAPE",
    attestation((sidecar) => omit(sidecar, "mediaType")),
  ),
  tampered(
    "envelope/signatures-missing",
    "envelope ENVELOPE_SHAPE",
    attestation(envelope((dsse) => omit(dsse, "signatures"))),
  ),
  tampered(
    "envelope/snake-case",
    "envelope ENVELOPE_SHAPE",
    attestation((sidecar) => ({
      media_type: sidecar.mediaType,
      verification_material: { public_key: sidecar.verificationMaterial.publicKey },
      dsse_envelope: sidecar.dsseEnvelope,
    })),
  ),
  tampered(
    "envelope/approval-snake-case",
    "approvals ENVELOPE_SHAPE",
    approval(({ dsseEnvelope, ...rest }) => ({ ...rest, dsse_envelope: dsseEnvelope })),
  ),
  tampered(
    "envelope/certificate",
    "envelope ENVELOPE_SHAPE",
    attestation((sidecar) => ({ ...sidecar, verificationMaterial: { certificate: { rawBytes: "" } } })),
  ),
  tampered(
    "envelope/log-entries",
    "envelope ENVELOPE_SHAPE",
    attestation((sidecar) => ({
      ...sidecar,
      verificationMaterial: { ...sidecar.verificationMaterial, tlogEntries: [] },
    })),
  ),
  tampered(
    "envelope/message-signature",
    "envelope ENVELOPE_SHAPE",
    attestation((sidecar) => ({ ...omit(sidecar, "dsseEnvelope"), messageSignature: {} })),
  ),
  tampered(
    "envelope/no-object",
    "envelope ENVELOPE_SHAPE",
    attestation(() => []),
  ),
  tampered(
    "envelope/null",
    "envelope ENVELOPE_SHAPE",
    attestation((sidecar) => ({ ...sidecar, dsseEnvelope: null })),
  ),
  tampered(
    "envelope/keyid-form",
    "envelope ENVELOPE_KEYID",
    attestation(signatureOf((signature) => ({ ...signature, keyid: signature.keyid.slice(7) }))),
  ),
  tampered("envelope/keyid-missing", "envelope ENVELOPE_SHAPE", attestation(signatureOf(({ sig }) => ({ sig })))),
  tampered("envelope/keyid-is-not-hint", "envelope ENVELOPE_KEYID", attestation(hinted(people["attestor-2"].keyid))),
  tampered(
    "envelope/keyid-of-another",
    "envelope ENVELOPE_KEYID",
    attestation((sidecar) => {
      const { keyid } = people["attestor-2"];
      return hinted(keyid)({
        ...sidecar,
        dsseEnvelope: {
          ...sidecar.dsseEnvelope,
          signatures: sidecar.dsseEnvelope.signatures.map((each) => ({ ...each, keyid })),
        },
      });
    }),
  ),
  tampered(
    "envelope/approval-keyid-of-another",
    "approvals ENVELOPE_KEYID",
    approval(signatureOf((signature) => ({ ...signature, keyid: people["approver-2"].keyid }))),
  ),
  tampered(
    "envelope/empty-file",
    "envelope ENVELOPE_SYNTAX",
    rewritten(() => ""),
  ),
  tampered(
    "envelope/two-documents",
    "envelope ENVELOPE_SYNTAX",
    rewritten((text) => text + text),
  ),
  tampered(
    "envelope/byte-order-mark",
    "envelope ENVELOPE_SYNTAX",
    rewritten((text) => `\ufeff${text}`),
  ),
  tampered(
    "envelope/approval-byte-order-mark",
    "approvals ENVELOPE_SYNTAX",
    approvalRewritten((text) => `\ufeff${text}`),
  ),
  tampered(
    "envelope/white-space",
    "envelope ENVELOPE_NOT_CANONICAL",
    rewritten((text) => `${text}\n`),
  ),
  tampered(
    "envelope/member-order",
    "envelope ENVELOPE_NOT_CANONICAL",
    rewritten((text) => text.replace(/^\{(.*),("mediaType":"[^"]*"),/s, "{$2,$1,")),
  ),
  tampered(
    "envelope/escaped-letter",
    "envelope ENVELOPE_NOT_CANONICAL",
    rewritten((text) => text.replace('"sig"', String.raw`"s\u0069g"`)),
  ),

  tampered(
    "base64/url-alphabet",
    "envelope ENVELOPE_BASE64",
    attestation(sig((text) => `-_${urlAlphabet(text).slice(2)}`)),
  ),
  tampered(
    "base64/url-alphabet-payload",
    "envelope ENVELOPE_BASE64",
    attestation(payload((text) => `${urlAlphabet(text).slice(0, 40)}-${text.slice(41)}`)),
  ),
  tampered("base64/no-padding", "envelope ENVELOPE_BASE64", attestation(sig((text) => text.replaceAll("=", "")))),
  tampered("base64/too-much-padding", "envelope ENVELOPE_BASE64", attestation(sig((text) => `${text}====`))),
  tampered(
    "base64/newline",
    "envelope ENVELOPE_BASE64",
    attestation(payload((text) => `${text.slice(0, 64)}\n${text.slice(64)}`)),
  ),
  tampered("base64/space-at-end", "envelope ENVELOPE_BASE64", attestation(sig((text) => `${text} `))),
  tampered("base64/unused-bits", "envelope ENVELOPE_BASE64", attestation(sig(looseBits))),
  tampered("base64/letter-outside", "envelope ENVELOPE_BASE64", attestation(sig((text) => `ä${text.slice(1)}`))),
  tampered("base64/approval-unused-bits", "approvals ENVELOPE_BASE64", approval(sig(looseBits))),
  tampered(
    "base64/approval-padding-inside",
    "approvals ENVELOPE_BASE64",
    approval(payload((text) => `${text.slice(0, 4)}====${text.slice(4)}`)),
  ),
  tampered(
    "base64/approval-white-space",
    "approvals ENVELOPE_BASE64",
    approval(payload((text) => `${text.slice(0, 64)}\n${text.slice(64)}`)),
  ),
  tampered(
    "base64/approval-half-padding",
    "approvals ENVELOPE_BASE64",
    approval(sig((text) => text.replace("==", "="))),
  ),
  tampered(
    "base64/approval-single-letter",
    "approvals ENVELOPE_BASE64",
    approval(sig((text) => `${text.replaceAll("=", "")}AAA`)),
  ),

  allowed(
    "allowed/approval-of-another-tool",
    approvalRewritten((text) => `${JSON.stringify(JSON.parse(text), null, "\t")}\r\n`),
  ),
  allowed(
    "allowed/approval-url-alphabet-without-padding",
    approval(sig((text) => urlAlphabet(text).replaceAll("=", ""))),
  ),
  allowed(
    "allowed/approval-without-keyid",
    approval((sidecar) => ({
      ...signatureOf(({ sig }) => ({ sig }))(sidecar),
      verificationMaterial: { publicKey: {}, tlogEntries: [], timestampVerificationData: { rfc3161Timestamps: [] } },
    })),
  ),
  allowed(
    "allowed/approval-empty-keyid-any-hint",
    approval((sidecar) =>
      hinted("a card in slot 9c")({
        ...sidecar,
        dsseEnvelope: {
          ...sidecar.dsseEnvelope,
          signatures: sidecar.dsseEnvelope.signatures.map((each) => ({ ...each, keyid: "" })),
        },
      }),
    ),
  ),
];
