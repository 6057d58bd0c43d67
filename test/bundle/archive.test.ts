import t from "tap";
import { MAX_ENTRIES, readArchive, type ArchiveSource } from "#bundle/archive.ts";
import { concatBytes } from "#canon/bytes.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { BLOCK, ustarHeader } from "#evidence/ustar.ts";
import { code } from "../attest/signing.ts";
import { archiveOf, bundleOf, sourceOf, type RawEntry } from "./bundle-world.ts";

const blob = (digit: string, text = ""): RawEntry => ({ path: `blobs/sha256/${digit.repeat(64)}`, text });
const LAYOUT: RawEntry = { path: "oci-layout", text: "{}" };
const INDEX: RawEntry = { path: "index.json", text: "{}" };
const typed = (type: string): RawEntry => ({ ...INDEX, header: (block) => block.set(encodeUtf8(type), 156) });

/** A foreign name may not even fit the fields: it is written over a good one. */
const named = (name: string | Uint8Array): RawEntry => ({
  ...INDEX,
  header: (block) => {
    block.fill(0, 0, 100);
    block.set(typeof name === "string" ? encodeUtf8(name) : name, 0);
  },
});

const codeOf = async (...entries: readonly RawEntry[]): Promise<string> =>
  code(await readArchive(sourceOf(archiveOf(entries))));

t.test("the entries of a bundle are read in their order, with their places", async (t) => {
  const { bytes, pieces } = await bundleOf();
  const read = await readArchive(sourceOf(bytes));
  t.ok(read.ok);
  t.strictSame(
    read.ok && read.value.map(({ path, size }) => ({ path, size })),
    pieces.map(({ path, size }) => ({ path, size })),
  );
  t.equal(await codeOf(LAYOUT, INDEX, blob("a"), blob("b", "text")), "ok");
});

t.test("links, folders, devices and extended headers are refused, each by its name", async (t) => {
  for (const type of ["1", "2"]) {
    t.equal(await codeOf(LAYOUT, typed(type)), "PACK_BUNDLE_LINK");
  }
  for (const type of ["3", "4", "5", "6", "7", "\0", "Z"]) {
    t.equal(await codeOf(LAYOUT, typed(type)), "PACK_BUNDLE_ENTRY_TYPE");
  }
  for (const type of ["x", "g", "L", "K", "S"]) {
    t.equal(await codeOf(LAYOUT, typed(type)), "PACK_BUNDLE_EXTENDED_HEADER");
  }
});

t.test("names that lead elsewhere are refused, each by its name", async (t) => {
  const expected: readonly (readonly [string | Uint8Array, string])[] = [
    ["../index.json", "PACK_BUNDLE_PATH_TRAVERSAL"],
    ["blobs/../../x", "PACK_BUNDLE_PATH_TRAVERSAL"],
    ["./index.json", "PACK_BUNDLE_PATH_TRAVERSAL"],
    ["blobs//x", "PACK_BUNDLE_PATH_TRAVERSAL"],
    ["/etc/passwd", "PACK_BUNDLE_PATH_ABSOLUTE"],
    ["//server/share", "PACK_BUNDLE_PATH_ABSOLUTE"],
    ["C:\\x", "PACK_BUNDLE_PATH_WINDOWS"],
    ["C:x", "PACK_BUNDLE_PATH_WINDOWS"],
    ["..\\x", "PACK_BUNDLE_PATH_WINDOWS"],
    ["index.json:stream", "PACK_BUNDLE_PATH_WINDOWS"],
    ["aux.txt", "PACK_BUNDLE_PATH_WINDOWS"],
    ["index.json.", "PACK_BUNDLE_PATH_WINDOWS"],
    ["index.json\0evil", "PACK_BUNDLE_PATH_NUL"],
    ["index\u001b[2J", "PACK_BUNDLE_PATH_NUL"],
    ["Index.json", "PACK_BUNDLE_PATH_CASE"],
    [`blobs/sha256/${"A".repeat(64)}`, "PACK_BUNDLE_PATH_CASE"],
    ["ｉndex.json", "PACK_BUNDLE_PATH_UNICODE"],
    ["README.md", "PACK_BUNDLE_PATH_FOREIGN"],
    ["blobs/sha512/aa", "PACK_BUNDLE_PATH_FOREIGN"],
    [new Uint8Array([0xff, 0xfe]), "PACK_BUNDLE_PATH_FOREIGN"],
  ];
  for (const [name, refusal] of expected) {
    t.equal(await codeOf(LAYOUT, named(name)), refusal, JSON.stringify(name));
  }
});

t.test("headers have one form: no mode, owner, time or second name of their own", async (t) => {
  const other = (at: number, text: string): RawEntry => ({
    ...INDEX,
    header: (block) => block.set(encodeUtf8(text), at),
  });
  for (const [at, text] of [
    [100, "0000755\0"],
    [108, "0000001\0"],
    [136, "00000000001\0"],
    [257, "ustar  \0"],
    [265, "root\0"],
    [345, "prefix\0"],
  ] as const) {
    t.equal(await codeOf(LAYOUT, other(at, text)), "PACK_BUNDLE_HEADER");
  }
  const whole = archiveOf([LAYOUT, INDEX]);
  whole[148] = 0x37;
  t.equal(code(await readArchive(sourceOf(whole))), "PACK_BUNDLE_HEADER", "a wrong checksum");
});

t.test("no name comes twice, and none out of order", async (t) => {
  t.equal(await codeOf(LAYOUT, INDEX, INDEX), "PACK_BUNDLE_DUPLICATE");
  t.equal(await codeOf(LAYOUT, LAYOUT), "PACK_BUNDLE_DUPLICATE");
  t.equal(await codeOf(LAYOUT, INDEX, blob("a"), INDEX), "PACK_BUNDLE_DUPLICATE");
  t.equal(await codeOf(LAYOUT, INDEX, blob("a"), blob("b"), blob("a")), "PACK_BUNDLE_DUPLICATE");
  t.equal(await codeOf(INDEX, LAYOUT), "PACK_BUNDLE_ORDER");
  t.equal(await codeOf(LAYOUT, INDEX, blob("b"), blob("a")), "PACK_BUNDLE_ORDER");
});

t.test("sizes that are not true end the reading", async (t) => {
  const sized = (octal: string): RawEntry => ({ ...INDEX, header: (block) => block.set(encodeUtf8(octal), 124) });
  t.equal(await codeOf(LAYOUT, sized("77777777777")), "PACK_BUNDLE_TRUNCATED", "far beyond the end");
  t.equal(await codeOf(LAYOUT, sized("00000003000")), "PACK_BUNDLE_TRUNCATED", "over the zero blocks");
  t.equal(await codeOf(LAYOUT, sized("00000000001")), "PACK_BUNDLE_PADDING", "less than there is");
  t.equal(await codeOf(LAYOUT, sized("\u0000")), "PACK_BUNDLE_HEADER", "no number");
});

t.test("an archive ends in two zero blocks, and nothing follows", async (t) => {
  const { bytes } = await bundleOf();
  const cut = (length: number): Promise<unknown> => readArchive(sourceOf(bytes.subarray(0, length))).then(code);
  t.equal(await cut(bytes.length - BLOCK), "PACK_BUNDLE_TRUNCATED");
  t.equal(await cut(bytes.length - 2 * BLOCK), "PACK_BUNDLE_TRUNCATED");
  t.equal(await cut(0), "PACK_BUNDLE_TRUNCATED");
  const after = concatBytes(bytes, new Uint8Array(1));
  t.equal(code(await readArchive(sourceOf(after))), "PACK_BUNDLE_TRAILING");
  const inside = bytes.slice();
  inside[bytes.length - 1] = 1;
  t.equal(code(await readArchive(sourceOf(inside))), "PACK_BUNDLE_TRAILING");
});

t.test("a million tiny entries are read no further than the bound", async (t) => {
  let read = 0;
  const hex = (at: number): string => at.toString(16).padStart(64, "0");
  const block = (at: number): Uint8Array =>
    ustarHeader({ path: at === 0 ? "oci-layout" : at === 1 ? "index.json" : `blobs/sha256/${hex(at)}`, size: 0 }) ??
    new Uint8Array(BLOCK);
  const source: ArchiveSource = {
    size: 1_000_000 * BLOCK,
    read: async function* read_(start, size) {
      read += size;
      yield size === 0 ? new Uint8Array(0) : block(start / BLOCK);
    },
  };
  t.equal(code(await readArchive(source)), "PACK_BUNDLE_TOO_MANY");
  t.equal(read, (MAX_ENTRIES + 1) * BLOCK);
});
