import * as fc from "fast-check";
import t from "tap";
import { attestCodes } from "#attest/codes.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { MAX_SIDECAR_BYTES } from "#attest/sidecar.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { concatBytes } from "#canon/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { code, sidecarOf, testKey, value } from "./signing.ts";

type Any = Record<string, unknown> & {
  dsseEnvelope: Record<string, unknown> & { signatures: Record<string, unknown>[] };
};

const key = testKey();
const sidecar = await sidecarOf(encodeUtf8('{"what":"is signed, with ÿ bytes: >>>???"}'), key);
const text = decodeUtf8(sidecar) ?? "";

/** The sidecar after a change to its document, as canonical bytes. */
function changed(change: (document: Any) => void): Uint8Array {
  const document = JSON.parse(text) as Any;
  change(document);
  return canonicalBytes(document);
}

const urlSafe = (of: unknown): string => String(of).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const signature = (document: Any): Record<string, unknown> => document.dsseEnvelope.signatures[0] ?? {};

t.test("own sidecars are refused with a code for each thing that is wrong", async (t) => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["too large", new Uint8Array(MAX_SIDECAR_BYTES + 1), "ENVELOPE_SIZE"],
    ["no JSON", encodeUtf8("{"), "ENVELOPE_SYNTAX"],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "ENVELOPE_SYNTAX"],
    ["white space", encodeUtf8(JSON.stringify(JSON.parse(text), null, 2)), "ENVELOPE_NOT_CANONICAL"],
    ["a final newline", encodeUtf8(`${text}\n`), "ENVELOPE_NOT_CANONICAL"],
    ["an unknown member", changed((document) => (document["extra"] = 1)), "ENVELOPE_SHAPE"],
    ["a missing member", changed((document) => delete document["verificationMaterial"]), "ENVELOPE_SHAPE"],
    ["no object", encodeUtf8("[]"), "ENVELOPE_SHAPE"],
    ["another media type", changed((document) => (document["mediaType"] = "application/json")), "ENVELOPE_MEDIA_TYPE"],
    [
      "another payload type",
      changed((document) => (document.dsseEnvelope["payloadType"] = "x")),
      "ENVELOPE_PAYLOAD_TYPE",
    ],
    ["no signature", changed((document) => (document.dsseEnvelope.signatures = [])), "ENVELOPE_SIGNATURES"],
    [
      "two signatures",
      changed((document) => document.dsseEnvelope.signatures.push(signature(document))),
      "ENVELOPE_SIGNATURES",
    ],
    ["a keyid that is no fingerprint", changed((document) => (signature(document)["keyid"] = "k")), "ENVELOPE_KEYID"],
    [
      "another hint",
      changed((document) => (document["verificationMaterial"] = { publicKey: { hint: `SHA256:${"A".repeat(43)}` } })),
      "ENVELOPE_KEYID",
    ],
    ["url-safe base64", changed((document) => (document.dsseEnvelope["payload"] = "_-__")), "ENVELOPE_BASE64"],
    ["base64 without padding", changed((document) => (signature(document)["sig"] = "AAA")), "ENVELOPE_BASE64"],
    ["a signature that is no DER", changed((document) => (signature(document)["sig"] = "AAAA")), "SIGNATURE_FORM"],
    ["log entries", changed((document) => (document["verificationMaterial"] = { tlogEntries: [] })), "ENVELOPE_SHAPE"],
  ];
  for (const [name, bytes, expected] of cases) {
    t.equal(code(readSidecar(bytes, "own")), expected, name);
  }
  t.equal(code(readSidecar(sidecar, "own")), "ok");
});

t.test("the interop profile takes what other signers write", async (t) => {
  const spaced = encodeUtf8(JSON.stringify(JSON.parse(text), null, 2));
  const reversed = encodeUtf8(JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as Any).toReversed())));
  const taken: Readonly<Record<string, Uint8Array>> = {
    "white space": spaced,
    "another order": reversed,
    "no keyid": changed((document) => delete signature(document)["keyid"]),
    "an empty keyid": changed((document) => (signature(document)["keyid"] = "")),
    "any hint": changed((document) => (document["verificationMaterial"] = { publicKey: { hint: "my key" } })),
    "no hint": changed((document) => (document["verificationMaterial"] = { publicKey: {} })),
    "log entries and timestamps": changed(
      (document) =>
        (document["verificationMaterial"] = {
          publicKey: { hint: "x" },
          tlogEntries: [{ logIndex: "1", anything: [] }],
          timestampVerificationData: { rfc3161Timestamps: [] },
        }),
    ),
    "url-safe base64 without padding": changed((document) => {
      document.dsseEnvelope["payload"] = urlSafe(document.dsseEnvelope["payload"]);
      signature(document)["sig"] = urlSafe(signature(document)["sig"]);
    }),
  };
  const { payload } = value(readSidecar(sidecar, "own"));
  for (const [name, bytes] of Object.entries(taken)) {
    t.strictSame(value(readSidecar(bytes, "interop")).payload, payload, name);
  }
  t.equal(value(readSidecar(taken["no keyid"] ?? sidecar, "interop")).keyid, undefined);
  t.equal(value(readSidecar(taken["an empty keyid"] ?? sidecar, "interop")).keyid, undefined);
});

t.test("the interop profile refuses what could be read in two ways", async (t) => {
  const certificate = { certificate: { rawBytes: "AAAA" } };
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["snake case", encodeUtf8(text.replace('"mediaType"', '"media_type"')), "ENVELOPE_SHAPE"],
    ["snake case inside", encodeUtf8(text.replace('"payloadType"', '"payload_type"')), "ENVELOPE_SHAPE"],
    ["a byte order mark", concatBytes(Uint8Array.of(0xef, 0xbb, 0xbf), sidecar), "ENVELOPE_SYNTAX"],
    ["a member twice", encodeUtf8(text.replace('{"payload"', '{"payload":"AAAA","payload"')), "ENVELOPE_SYNTAX"],
    [
      "a member twice, escaped",
      encodeUtf8(text.replace('{"payload"', '{"p\\u0061yload":"AA==","payload"')),
      "ENVELOPE_SYNTAX",
    ],
    ["trailing data", encodeUtf8(`${text}{}`), "ENVELOPE_SYNTAX"],
    ["a certificate", changed((document) => (document["verificationMaterial"] = certificate)), "ENVELOPE_SHAPE"],
    ["an unknown member", changed((document) => (document["extra"] = null)), "ENVELOPE_SHAPE"],
    [
      "a message signature",
      changed((document) => {
        document["messageSignature"] = {};
      }),
      "ENVELOPE_SHAPE",
    ],
    ["media type v0.2", encodeUtf8(text.replace("v0.3+json", "v0.2+json")), "ENVELOPE_MEDIA_TYPE"],
    ["raw r and s", changed((document) => (signature(document)["sig"] = "A".repeat(88))), "SIGNATURE_FORM"],
    [
      "mixed white space in base64",
      changed((document) => (document.dsseEnvelope["payload"] = "AA AA")),
      "ENVELOPE_BASE64",
    ],
    [
      "two signatures",
      changed((document) => document.dsseEnvelope.signatures.push({ sig: "" })),
      "ENVELOPE_SIGNATURES",
    ],
  ];
  for (const [name, bytes, expected] of cases) {
    t.equal(code(readSidecar(bytes, "interop")), expected, name);
  }
});

/** Whether both profiles answer with an envelope or a code of the table. */
function answers(bytes: Uint8Array): boolean {
  return (["own", "interop"] as const).every((profile) => {
    const read = readSidecar(bytes, profile);
    return read.ok || Object.hasOwn(attestCodes, read.fault.code);
  });
}

t.test("no bytes make the reader throw", async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.uint8Array(), answers)));
  t.doesNotThrow(() => fc.assert(fc.property(fc.json(), (json) => answers(encodeUtf8(json)))));
  t.ok(answers(encodeUtf8("[".repeat(100_000) + "]".repeat(100_000))), "deep nesting");
  t.ok(answers(encodeUtf8(`{"mediaType":"${"x".repeat(10_000_000)}"}`)), "long strings");
});

t.test("a changed byte of an own sidecar is refused or changes payload, signature or keyid", async (t) => {
  const before = value(readSidecar(sidecar, "own"));
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.nat(sidecar.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Uint8Array.from(sidecar);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const after = readSidecar(bytes, "own");
        return !after.ok || JSON.stringify(after.value) !== JSON.stringify(before);
      }),
      { numRuns: 300 },
    ),
  );
});
