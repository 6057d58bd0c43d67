import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import t from "tap";
import { verifyEvidence } from "#app/verify-evidence.ts";
import { nodeSha256, nodeVerifySignature } from "#signer/node-crypto.ts";
import { missing } from "./compare-verifiers.ts";
import { askPython } from "./tampered/ask-python.ts";
import { forge } from "./tampered/forge.ts";
import { revocations, rootBytes } from "./tampered/site-trust.ts";
import { AT, tarOf } from "./tampered/tampered-case.ts";
import { writeSite } from "./tampered/tampered-input.ts";

/** A good bundle in which every kind of file is. */
const good = forge({
  files: (files) => {
    for (const [path, bytes] of revocations([])) {
      files.set(path, bytes);
    }
  },
});
const archive = tarOf(good);
const paths = [...good.keys()].toSorted();
const trustRoot = rootBytes();
const scratch = mkdtempSync(join(tmpdir(), "packrun-one-byte-"));
t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
const tools = { sha256: nodeSha256, verifySignature: nodeVerifySignature, now: () => Number.NaN };

/** One change of some bytes. `place` is a share of the length, so that it holds for files of every size. */
type Edit = {
  readonly kind: "flip" | "set" | "insert" | "delete" | "cut";
  readonly place: number;
  readonly byte: number;
};
const PLACES = 2 ** 30;
const edits: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom("flip", "flip", "flip", "set", "insert", "delete", "cut"),
  place: fc.noBias(fc.nat(PLACES - 1)).map((place) => place / PLACES),
  byte: fc.integer({ min: 0, max: 255 }),
});

/** The bytes with the edit; never the same as before. */
function edited(bytes: Uint8Array, { kind, place, byte }: Edit): Uint8Array {
  const at = Math.floor(place * bytes.length);
  const before = bytes.subarray(0, at);
  const old = bytes[at] ?? 0;
  switch (kind) {
    case "flip":
      return Buffer.concat([before, Uint8Array.of(old ^ (1 << (byte % 8))), bytes.subarray(at + 1)]);
    case "set":
      return Buffer.concat([before, Uint8Array.of(byte === old ? byte ^ 255 : byte), bytes.subarray(at + 1)]);
    case "insert":
      return Buffer.concat([before, Uint8Array.of(byte), bytes.subarray(at)]);
    case "delete":
      return Buffer.concat([before, bytes.subarray(at + 1)]);
    case "cut":
      return before;
  }
}

const verdictOf = async (path: string): Promise<string> => {
  const verdict = await verifyEvidence({ path, trustRoot, at: AT }, tools);
  return verdict.ok ? verdict.value.verdict : verdict.fault.code;
};
const folder = join(scratch, "bundle");
writeSite(good, folder);
const inFolder = async (path: string, bytes: Uint8Array): Promise<string> => {
  const file = join(folder, path);
  writeFileSync(file, bytes);
  const verdict = await verdictOf(folder);
  writeFileSync(file, good.get(path) ?? "");
  return verdict;
};
const asArchive = (bytes: Uint8Array): Promise<string> => {
  const path = join(scratch, "bundle.tar");
  writeFileSync(path, bytes);
  return verdictOf(path);
};

t.test("what is changed here is verified as it is", async (t) => {
  t.equal(await verdictOf(folder), "verified");
  t.equal(await asArchive(archive), "verified");
});

t.test("no change of one byte of any file of a folder is verified", async (t) => {
  for (const path of paths) {
    const bytes = good.get(path) ?? new Uint8Array();
    await fc.assert(
      fc.asyncProperty(edits, async (edit) => (await inFolder(path, edited(bytes, edit))) === "failed"),
      { numRuns: 12 },
    );
    t.pass(path);
  }
});

t.test("no change of one byte of an archive is verified", async (t) => {
  await fc.assert(
    fc.asyncProperty(edits, async (edit) => (await asArchive(edited(archive, edit))) === "failed"),
    { numRuns: 150 },
  );
  t.pass();
});

const python = missing === undefined ? {} : { skip: `${missing} is missing: the Python verifier was not run` };
t.test("the verifier in Python verifies no such change either", python, async (t) => {
  const args = ["--trust", "trust-root.json", "--at", AT];
  const changes = [
    ...paths.flatMap((path) => fc.sample(edits, 3).map((edit) => ({ path, edit }))),
    ...fc.sample(edits, 40).map((edit) => ({ path: undefined, edit })),
  ];
  const asked = changes.map(({ path, edit }, index) => {
    const folder = join(scratch, String(index));
    const bundle = [...good].map(
      ([name, bytes]) => [`bundle/${name}`, name === path ? edited(bytes, edit) : bytes] as const,
    );
    const files = path === undefined ? [["bundle.tar", edited(archive, edit)] as const] : bundle;
    writeSite(new Map([...files, ["trust-root.json", trustRoot]]), folder);
    return { folder, args: [path === undefined ? "bundle.tar" : "bundle", ...args] };
  });
  for (const [index, { code, stderr }] of (await askPython(asked, 2)).entries()) {
    t.equal(code, 7, JSON.stringify(changes[index]), { stderr });
  }
});
