import t from "tap";
import { anchorFileBytes, MOST_ANCHORS, readAnchorFile } from "#attest/anchor-file.ts";
import { bundleBytes } from "#attest/sidecar.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { code, value } from "./signing.ts";

const keyid = `SHA256:${"A".repeat(43)}`;
const sidecar = bundleBytes({ payload: Buffer.from("{}"), signature: new Uint8Array(64).fill(1), keyid });
const timestamp = Uint8Array.of(0x30, 0x00);
const entry = {
  logIndex: "0",
  logId: { keyId: "AAAA" },
  kindVersion: { kind: "hashedrekord" as const, version: "0.0.2" as const },
  inclusionProof: { logIndex: "0", rootHash: "AAAA", treeSize: "1", hashes: [], checkpoint: { envelope: "log\n" } },
  canonicalizedBody: "AAAA",
};

t.test("what is written reads again, and repeats the sidecar byte for byte", async (t) => {
  const bytes = value(anchorFileBytes(sidecar, [timestamp], [entry]));
  const read = value(readAnchorFile(bytes));
  t.strictSame(Buffer.from(read.sidecar), Buffer.from(sidecar));
  t.strictSame(read.timestamps, [timestamp]);
  t.strictSame(read.entries, [entry]);
  t.strictSame(value(anchorFileBytes(read.sidecar, read.timestamps, read.entries)), bytes);
});

t.test("an anchor by nobody, by too many, or in another form is none", async (t) => {
  t.equal(code(readAnchorFile(value(anchorFileBytes(sidecar, [], [])))), "ANCHOR_FORM");
  const many = Array.from({ length: MOST_ANCHORS + 1 }, () => timestamp);
  t.equal(code(readAnchorFile(value(anchorFileBytes(sidecar, many, [])))), "ANCHOR_FORM");
  const good = value(anchorFileBytes(sidecar, [timestamp], [entry]));
  t.equal(code(readAnchorFile(Buffer.concat([good, Buffer.from("\n")]))), "ANCHOR_FORM");
  t.equal(code(readAnchorFile(new Uint8Array())), "ANCHOR_FORM");
  const plain = JSON.parse(Buffer.from(good).toString()) as { verificationMaterial: object };
  const material = (more: object): Uint8Array =>
    canonicalBytes({ ...plain, verificationMaterial: { ...plain.verificationMaterial, ...more } });
  for (const more of [
    { certificate: { rawBytes: "AAAA" } },
    { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: "A" }] } },
    { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: "AAB=" }] } },
    { tlogEntries: [{ ...entry, integratedTime: "1" }] },
    { tlogEntries: [{ ...entry, logIndex: "-1" }] },
    { tlogEntries: [{ ...entry, kindVersion: { kind: "dsse", version: "0.0.2" } }] },
  ]) {
    t.equal(code(readAnchorFile(material(more))), "ANCHOR_FORM", JSON.stringify(more).slice(0, 80));
  }
});
