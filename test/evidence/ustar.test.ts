import { array, assert, constantFrom, integer, property, string } from "fast-check";
import t from "tap";
import { paddingOf, readUstarHeader, ustarHeader } from "#evidence/ustar.ts";

/** In bytes: eleven octal digits. */
const MAX_FILE_SIZE = 8 * 1024 ** 3 - 1;

const header = (path: string, size = 0): Uint8Array => {
  const bytes = ustarHeader({ path, size });
  if (bytes === undefined) {
    throw new Error("does not fit");
  }
  return bytes;
};

t.test("a header that was written is read as the same entry", async (t) => {
  const segment = string({ unit: constantFrom(..."abcXYZ019._-[]:é"), minLength: 1, maxLength: 60 });
  const path = array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  assert(
    property(path, integer({ min: 0, max: MAX_FILE_SIZE }), (path, size) => {
      const bytes = ustarHeader({ path, size });
      if (bytes !== undefined) {
        t.same(readUstarHeader(bytes), { kind: "file", entry: { path, size } });
      }
    }),
  );
});

t.test("no other byte in a header is read as a file", async (t) => {
  const good = header("artifacts/sha256/abc", 1234);
  for (let at = 0; at < good.length; at += 1) {
    const bad = good.slice();
    bad[at] = ((bad[at] ?? 0) + 1) & 0xff;
    t.equal(readUstarHeader(bad).kind, "bad", `byte ${at}`);
  }
});

t.test("a block of zeros is an end, not a file", async (t) => {
  t.same(readUstarHeader(new Uint8Array(512)), { kind: "zero" });
});

t.test("paths and sizes that ustar cannot carry get no header", async (t) => {
  t.equal(ustarHeader({ path: "", size: 0 }), undefined);
  t.equal(ustarHeader({ path: "a\0b", size: 0 }), undefined);
  t.equal(ustarHeader({ path: "x".repeat(101), size: 0 }), undefined, "a long name without a slash");
  t.equal(ustarHeader({ path: `${"p".repeat(156)}/x`, size: 0 }), undefined, "a long prefix");
  t.equal(ustarHeader({ path: "a", size: MAX_FILE_SIZE + 1 }), undefined, "8 GiB");
  t.equal(ustarHeader({ path: "a", size: -1 }), undefined);
});

t.test("other kinds of entries are refused by name", async (t) => {
  for (const [type, word] of [
    ["2", "symbolic link"],
    ["x", "pax"],
    ["L", "GNU long name"],
    ["5", "folder"],
  ] as const) {
    const bytes = header("a");
    bytes[156] = type.charCodeAt(0);
    const read = readUstarHeader(bytes);
    t.match(read, { kind: "bad", problem: new RegExp(word) });
  }
});

t.test("padding fills the last block", async (t) => {
  t.equal(paddingOf(0), 0);
  t.equal(paddingOf(1), 511);
  t.equal(paddingOf(512), 0);
  t.equal(paddingOf(513), 511);
});
