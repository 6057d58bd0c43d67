import { createHash } from "node:crypto";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { people, type Name } from "./people.ts";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PREDICATES = "https://packrun.dev/attestations/";

export type Members = Record<string, unknown>;
/** An object without some of its members. */
export const omit = (from: object, ...names: readonly string[]): Members =>
  Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));

export const hex = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
export const digest = (bytes: Uint8Array | string): string => `sha256:${hex(bytes)}`;
export const digestOfJson = (value: unknown): string => digest(canonicalBytes(value));

/** PAE of DSSE v1. */
function pae(payload: Uint8Array, type = PAYLOAD_TYPE): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
}

export type Statement = {
  readonly _type: string;
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: Members;
};

export function statementOf(
  type: string,
  subjects: readonly { readonly name: string; readonly digest: string }[],
  predicate: Members,
): Statement {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: subjects.map(({ name, digest }) => ({ name, digest: { sha256: digest.replace("sha256:", "") } })),
    predicateType: PREDICATES + type,
    predicate,
  };
}

/** How one signature departs from what packrun itself would write. Every change is signed, unless it stands behind. */
export type Signing = {
  readonly signer?: Name;
  /** Another statement, before it is signed. */
  readonly statement?: (statement: Statement) => unknown;
  /** Other bytes of the statement, before they are signed. */
  readonly payload?: (payload: Buffer) => Uint8Array;
  /** Another type in what is signed. */
  readonly paeType?: string;
  /** Another signature, made over the PAE. */
  readonly signature?: (message: Uint8Array) => Uint8Array;
  /** Another sidecar, written in canonical form. */
  readonly sidecar?: (sidecar: Sidecar) => unknown;
  /** Other bytes of the sidecar. */
  readonly bytes?: (bytes: Buffer) => Uint8Array;
};

export type Sidecar = {
  readonly mediaType: string;
  readonly verificationMaterial: { readonly publicKey: { readonly hint: string } };
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
  };
};

export type SignedFile = { readonly sidecar: Uint8Array; readonly payloadDigest: string };

/** Signs a statement as packrun does, with these departures. */
export function signed(statement: Statement, by: Name, how: Signing = {}): SignedFile {
  const person = people[how.signer ?? by];
  const plain = Buffer.from(canonicalBytes(how.statement?.(statement) ?? statement));
  const payload = how.payload?.(plain) ?? plain;
  const message = pae(payload, how.paeType);
  const sig = how.signature?.(message) ?? person.sign(message);
  const sidecar: Sidecar = {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint: person.keyid } },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString("base64"),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ keyid: person.keyid, sig: Buffer.from(sig).toString("base64") }],
    },
  };
  const bytes = Buffer.from(canonicalBytes(how.sidecar?.(sidecar) ?? sidecar));
  return { sidecar: how.bytes?.(bytes) ?? bytes, payloadDigest: digest(payload) };
}
