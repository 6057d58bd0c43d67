import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, globSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf, digestOfHex, hexOf, type Digest } from "#canon/digest.ts";
import { paddingOf, ustarHeader } from "#evidence/ustar.ts";
import { blobOf, blobPath, EMPTY_CONFIG, indexBytes, LAYOUT_BYTES, packManifest } from "#layout/oci.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";

/** Far more than a process that holds none of it needs. Bytes. */
const SIZE = 320 * 1024 * 1024;
const LIMIT = 256 * 1024 * 1024;
const OFFLINE = join(import.meta.dirname, "../../scripts/packs/verify_offline_bundle.mjs");
const ORIGINAL = join(import.meta.dirname, "tampered/original");
const PEAK = 'process.on("exit", () => process.stderr.write(String(process.resourceUsage().maxRSS * 1024)))';

const zeros = ((): Digest => {
  const hash = createHash("sha256");
  const block = new Uint8Array(1024 * 1024);
  for (let done = 0; done < SIZE; done += block.length) {
    hash.update(block);
  }
  return digestOfHex(hash.digest("hex"));
})();

/** An archive of these files in their order; a number stands for so many zeros, which take no room on the disk. */
function archive(path: string, files: readonly (readonly [string, Uint8Array | number])[]): string {
  const file = openSync(path, "w");
  let at = 0;
  for (const [name, content] of files) {
    const size = typeof content === "number" ? content : content.length;
    writeSync(file, ustarHeader({ path: name, size }) ?? new Uint8Array(), 0, 512, at);
    if (typeof content !== "number") {
      writeSync(file, content, 0, size, at + 512);
    }
    at += 512 + size + paddingOf(size);
  }
  ftruncateSync(file, at + 1024);
  closeSync(file);
  return path;
}

type Told = { readonly checks: Readonly<Record<string, string>>; readonly peak: number };

function verified(t: Test, path: string): Told {
  const trust = join(ORIGINAL, "trust-root.json");
  const args = ["--import", `data:text/javascript,${encodeURIComponent(PEAK)}`, OFFLINE, path, "--trust", trust];
  const ended = spawnSync(process.execPath, [...args, "--format", "json"], { encoding: "utf8" });
  const { status, signal, error, stdout, stderr } = ended;
  const told = { status, signal, error };
  if (!t.match(told, { status: 7, signal: null, error: undefined }, "it says all that it found", { stderr })) {
    return { checks: {}, peak: Number.NaN };
  }
  const { checks } = JSON.parse(stdout) as {
    readonly checks: readonly { readonly name: string; readonly status: string }[];
  };
  return { checks: Object.fromEntries(checks.map(({ name, status }) => [name, status])), peak: Number(stderr) };
}

t.test("evidence with a file that is larger than the memory that it takes to verify it", (t) => {
  const bundle = join(ORIGINAL, "bundle");
  const paths = globSync("**", { cwd: bundle }).filter((path) => statSync(join(bundle, path)).isFile());
  const files = new Map<string, Uint8Array | number>(paths.map((path) => [path, readFileSync(join(bundle, path))]));
  const path = `artifacts/sha256/${hexOf(zeros)}`;
  const name = "evidence.manifest.json";
  const manifest = JSON.parse(String(files.get(name))) as { readonly hashes: readonly { readonly path: string }[] };
  const listed = { path, sha256: hexOf(zeros), size: SIZE, mediaType: "application/octet-stream", role: "artifact" };
  const hashes = [...manifest.hashes, listed].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  files.set(name, canonicalBytes({ ...manifest, hashes })).set(path, SIZE);
  const first = [name, `${name}.sigstore.json`];
  const rest = [...files.keys()].filter((each) => !first.includes(each)).toSorted();
  const order = [...first, ...rest].map((each) => [each, files.get(each) ?? 0] as const);
  const { checks, peak } = verified(t, archive(join(t.testdir(), "evidence.tar"), order));
  t.match(checks, { sizes: "pass", manifest: "pass", subject: "fail" }, "nobody attested it, but all of it was read");
  t.ok(peak < LIMIT, `${peak} bytes`);
  t.end();
});

t.test("a pack bundle with such a file", (t) => {
  const listing = [
    { path: "big", mode: "644", size: SIZE, sha256: hexOf(zeros) },
    { path: "pack.yaml", mode: "644", size: 2, sha256: hexOf(digestOf(EMPTY_CONFIG, sha256)) },
  ] as const;
  const image = packManifest(
    { name: "acme/big", version: "1.0.0", listing, packDigest: treeDigest(listing, sha256) },
    sha256,
  );
  const blobs = [
    [blobPath(zeros), SIZE],
    [blobPath(image.digest), image.bytes],
    [blobPath(blobOf(EMPTY_CONFIG, sha256).digest), EMPTY_CONFIG],
  ] as const;
  const order = [
    ["oci-layout", LAYOUT_BYTES],
    ["index.json", indexBytes([image])],
    ...blobs.toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ] as const;
  const { checks, peak } = verified(t, archive(join(t.testdir(), "big.packbundle.tar"), order));
  t.match(checks, { archive: "pass", blobs: "pass", pack: "pass", publisher: "fail" });
  t.ok(peak < LIMIT, `${peak} bytes`);
  t.end();
});
