import type { Files } from "../change.ts";
import { allowed, END, entryOf, inOrder, tampered, type More, type TamperedCase } from "../tampered-case.ts";

const MISSING = "manifest EVIDENCE_FILE_MISSING";
const EXTRA = "manifest EVIDENCE_FILE_EXTRA";
const CHANGED = "manifest EVIDENCE_FILE_CHANGED";
const ROOT = "trust/trust-root.json";
const TAR = "sizes BUNDLE_TAR_INVALID";
const tar = (edit: (tar: Buffer, files: Files) => Uint8Array): More => ({ tar: edit });
/** A header with other bytes at some places, and the sum that is then right. */
function header(block: Uint8Array, more: Readonly<Record<number, string | Uint8Array>>): Buffer {
  const made = Buffer.from(block.subarray(0, 512));
  for (const [at, bytes] of Object.entries(more)) {
    made.set(Buffer.from(bytes as Uint8Array), Number(at));
  }
  made.write("        ", 148);
  made.write(
    `${made
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return made;
}
/** Other bytes in the first header. */
const first = (more: Readonly<Record<number, string | Uint8Array>>): More =>
  tar((plain) => Buffer.concat([header(plain, more), plain.subarray(512)]));
const entries = (files: Files): readonly Buffer[] => inOrder(files).map(([path, bytes]) => entryOf(path, bytes));
const joined = (parts: readonly Uint8Array[]): Buffer => Buffer.concat([...parts, END]);
const strange = (name: string, type: string, text: string): Buffer => {
  const plain = entryOf(name, Buffer.from(text));
  return Buffer.concat([header(plain, { 156: type }), plain.subarray(512)]);
};

export const archiveCases: readonly TamperedCase[] = [
  tampered("tar/size-too-large", TAR, {}, first({ 124: "00000010000" })),
  tampered("tar/size-too-small", TAR, {}, first({ 124: "00000000001" })),
  tampered("tar/size-beyond-the-file", TAR, {}, first({ 124: "77777777777" })),
  tampered("tar/size-in-base-256", TAR, {}, first({ 124: Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200) })),
  tampered("tar/size-with-spaces", TAR, {}, first({ 124: "      10000 " })),
  tampered(
    "tar/checksum",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain.subarray(0, 148), Buffer.from("000000\0 "), plain.subarray(156)])),
  ),
  tampered(
    "tar/checksum-in-another-spelling",
    TAR,
    {},
    tar((plain) => Buffer.from(plain.map((byte, at) => (at === 154 ? 0x20 : at === 155 ? 0 : byte)))),
  ),
  tampered("tar/mode", TAR, {}, first({ 100: "0000755" })),
  tampered("tar/owner", TAR, {}, first({ 108: "0001750" })),
  tampered("tar/owner-by-name", TAR, {}, first({ 265: "root" })),
  tampered("tar/time", TAR, {}, first({ 136: "15000000000" })),
  tampered("tar/device-number", TAR, {}, first({ 329: "0000001" })),
  tampered("tar/link-name-of-a-file", TAR, {}, first({ 157: "target" })),
  tampered("tar/old-magic", TAR, {}, first({ 257: "ustar  \0" })),
  tampered("tar/no-magic", TAR, {}, first({ 257: Buffer.alloc(8) })),
  tampered("tar/old-kind-of-file", TAR, {}, first({ 156: "\0" })),
  tampered("tar/contiguous-file", TAR, {}, first({ 156: "7" })),
  tampered("tar/bytes-behind-the-name", TAR, {}, first({ 40: "x" })),
  tampered("tar/last-bytes-of-header", TAR, {}, first({ 500: "x" })),
  tampered(
    "tar/link",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "2", "")])),
  ),
  tampered(
    "tar/hard-link",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "1", "")])),
  ),
  tampered(
    "tar/folder",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz/", "5", "")])),
  ),
  tampered(
    "tar/device",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "3", "")])),
  ),
  tampered(
    "tar/fifo",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "6", "")])),
  ),
  tampered(
    "tar/pax-header",
    TAR,
    {},
    tar((_, files) => joined([strange("PaxHeaders/x", "x", "20 path=outputs.json\n"), ...entries(files)])),
  ),
  tampered(
    "tar/global-pax-header",
    TAR,
    {},
    tar((_, files) => joined([strange("pax_global_header", "g", "20 comment=hello...\n"), ...entries(files)])),
  ),
  tampered(
    "tar/gnu-long-name",
    TAR,
    {},
    tar((_, files) => joined([strange("././@LongLink", "L", "outputs.json\0"), ...entries(files)])),
  ),
  tampered(
    "tar/gnu-sparse",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "S", "")])),
  ),
  tampered(
    "tar/two-manifests",
    TAR,
    {},
    tar((_, files) => joined([...entries(files).slice(0, 1), ...entries(files)])),
  ),
  tampered(
    "tar/second-manifest-at-the-end",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), ...entries(files).slice(0, 1)])),
  ),
  tampered(
    "tar/file-twice",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), ...entries(files).slice(-1)])),
  ),
  tampered(
    "tar/two-files-exchanged",
    TAR,
    {},
    tar((_, files) => joined(entries(files).toSpliced(3, 2, ...entries(files).slice(3, 5).toReversed()))),
  ),
  tampered(
    "tar/sidecar-before-the-manifest",
    TAR,
    {},
    tar((_, files) => joined([...entries(files).slice(0, 2).toReversed(), ...entries(files).slice(2)])),
  ),
  tampered(
    "tar/manifest-last",
    TAR,
    {},
    tar((_, files) => joined([...entries(files).slice(1), ...entries(files).slice(0, 1)])),
  ),
  tampered(
    "tar/one-zero-block",
    TAR,
    {},
    tar((plain) => plain.subarray(0, -512)),
  ),
  tampered(
    "tar/no-zero-block",
    TAR,
    {},
    tar((plain) => plain.subarray(0, -1024)),
  ),
  tampered(
    "tar/three-zero-blocks",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain, Buffer.alloc(512)])),
  ),
  tampered(
    "tar/record-of-twenty-blocks",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain, Buffer.alloc(10_240 - (plain.length % 10_240))])),
  ),
  tampered(
    "tar/trailing-byte",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain, Buffer.from([0])])),
  ),
  tampered(
    "tar/trailing-archive",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain, plain])),
  ),
  tampered(
    "tar/cut-in-a-file",
    TAR,
    {},
    tar((plain) => plain.subarray(0, 3000)),
  ),
  tampered(
    "tar/cut-in-a-header",
    TAR,
    {},
    tar((_, files) => Buffer.concat(entries(files)).subarray(0, (entries(files)[0]?.length ?? 0) + 100)),
  ),
  tampered(
    "tar/padding",
    TAR,
    {},
    tar((plain) => {
      const { length } = plain;
      return Buffer.from(plain.map((byte, at) => (at === length - 1025 ? 1 : byte)));
    }),
  ),
  tampered("tar/empty-name", TAR, {}, first({ 0: Buffer.alloc(100) })),
  tampered(
    "tar/empty",
    TAR,
    {},
    tar(() => Buffer.alloc(0)),
  ),
  tampered(
    "tar/compressed",
    TAR,
    {},
    tar(() => Buffer.from("1f8b0800000000000003ed", "hex")),
  ),
  tampered(
    "tar/name-that-is-no-utf8",
    TAR,
    {},
    tar((_, files) =>
      joined([
        ...entries(files),
        Buffer.concat([header(entryOf("zz", Buffer.alloc(0)), { 0: Uint8Array.of(0x7a, 0xff) })]),
      ]),
    ),
  ),
  tampered(
    "tar/byte-order-mark-in-name",
    EXTRA,
    {},
    tar((_, files) => joined([...entries(files), entryOf("\ufeffzz", Buffer.alloc(0))])),
  ),
  tampered(
    "tar/overlong-utf8-in-name",
    TAR,
    {},
    tar((_, files) =>
      joined([
        ...entries(files),
        Buffer.concat([header(entryOf("zz", Buffer.alloc(0)), { 0: Uint8Array.of(0x7a, 0xc0, 0xaf) })]),
      ]),
    ),
  ),
  tampered(
    "tar/surrogate-in-name",
    TAR,
    {},
    tar((_, files) =>
      joined([
        ...entries(files),
        Buffer.concat([header(entryOf("zz", Buffer.alloc(0)), { 0: Uint8Array.of(0x7a, 0xed, 0xa0, 0x80) })]),
      ]),
    ),
  ),
  tampered(
    "tar/long-name-cut-elsewhere",
    TAR,
    {},
    tar((_, files) => {
      const path = `trust/${"x".repeat(40)}/${"y".repeat(40)}/${"z".repeat(40)}`;
      const plain = entryOf(path, Buffer.alloc(0));
      const cut = path.lastIndexOf("/");
      const name = Buffer.alloc(100);
      name.write(path.slice(cut + 1));
      return joined([...entries(files), header(plain, { 0: name, 345: path.slice(0, cut) })]);
    }),
  ),
  tampered(
    "tar/nothing-in-it",
    [MISSING, "envelope ATTESTATION_MISSING"],
    {},
    tar(() => Buffer.from(END)),
  ),
  tampered(
    "tar/traversal",
    EXTRA,
    {},
    tar((_, files) =>
      joined([...entries(files).slice(0, 2), entryOf("../outside", Buffer.from("x")), ...entries(files).slice(2)]),
    ),
  ),
  tampered(
    "tar/absolute-path",
    EXTRA,
    {},
    tar((_, files) =>
      joined([...entries(files).slice(0, 2), entryOf("/outside", Buffer.from("x")), ...entries(files).slice(2)]),
    ),
  ),
  tampered(
    "tar/dot",
    EXTRA,
    {},
    tar((_, files) =>
      joined([...entries(files).slice(0, 2), entryOf("./outputs.json", Buffer.from("{}")), ...entries(files).slice(2)]),
    ),
  ),
  tampered(
    "tar/file-left-out",
    MISSING,
    {},
    tar((_, files) => joined(entries(files).slice(0, -1))),
  ),
  tampered(
    "tar/file-changed",
    CHANGED,
    { after: (files) => void files.set(ROOT, Buffer.from("{}")) },
    tar((plain) => plain),
  ),
  tampered(
    "tar/attestation-by-stranger",
    "signature SIGNATURE_KEY_UNKNOWN",
    { signing: { signer: "stranger" } },
    tar((plain) => plain),
  ),
  allowed(
    "allowed/archive",
    {},
    tar((plain) => plain),
  ),
];
