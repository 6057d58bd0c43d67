import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Signed } from "./signed-site.ts";

/** What was changed about a signed file. */
export type Alteration =
  | "a byte of the file"
  | "a byte of the payload"
  | "file and payload, which agree"
  | "a byte of the signature"
  | "the payload type"
  | "the key"
  | "the predicate type asked for";

export type Altered = Signed & { readonly alteration: Alteration };

type Envelope = { payload: string; payloadType: string; readonly signatures: { sig: string }[] };
type Bundle = { readonly dsseEnvelope: Envelope };

/** The signed file with each alteration made; files are written below `folder`. */
export function alterationsOf(signed: Signed, folder: string, strangersKey: string): readonly Altered[] {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const file = readFileSync(signed.file);
  const changedFile = withChangedByte(file, Math.floor(file.length / 2));
  const bundle = (name: string, change: (envelope: Envelope) => void): string => {
    const parsed = JSON.parse(readFileSync(signed.bundle, "utf8")) as Bundle;
    change(parsed.dsseEnvelope);
    return write(`${name}.sigstore.json`, JSON.stringify(parsed));
  };
  const otherPayload = bundle("payload", (envelope) => {
    // The payload stays JSON, so that nothing but its signature is wrong with it.
    envelope.payload = inBase64(envelope.payload, (text) => text.replace("acme-prod", "acme-proe"));
  });
  const agreeing = bundle("agreeing", (envelope) => {
    envelope.payload = inBase64(envelope.payload, (text) => text.replaceAll(sha256(file), sha256(changedFile)));
  });
  const otherSignature = bundle("signature", ({ signatures: [signature] }) => {
    const bytes = Buffer.from(signature?.sig ?? "", "base64");
    if (signature !== undefined) {
      signature.sig = withChangedByte(bytes, bytes.length - 1).toString("base64");
    }
  });
  const otherType = bundle("type", (envelope) => {
    envelope.payloadType = "application/vnd.in-toto+jsom";
  });
  const changed = write("file", changedFile);
  return [
    { ...signed, alteration: "a byte of the file", file: changed },
    { ...signed, alteration: "a byte of the payload", bundle: otherPayload },
    { ...signed, alteration: "file and payload, which agree", file: changed, bundle: agreeing },
    { ...signed, alteration: "a byte of the signature", bundle: otherSignature },
    { ...signed, alteration: "the payload type", bundle: otherType },
    { ...signed, alteration: "the key", key: strangersKey },
    { ...signed, alteration: "the predicate type asked for", predicateType: `${signed.predicateType}1` },
  ];
}

function withChangedByte(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (bytes[at] ?? 0) ^ 1;
  return changed;
}

function inBase64(text: string, change: (text: string) => string): string {
  const before = Buffer.from(text, "base64").toString();
  const after = change(before);
  if (after === before) {
    throw new Error("nothing was changed");
  }
  return Buffer.from(after).toString("base64");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
