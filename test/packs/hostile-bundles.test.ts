import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { folderSource } from "#app/bundle-folder.ts";
import { tarSource } from "#app/bundle-tar.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { MAX_BUNDLE_FILES } from "#verify/bundle-source.ts";
import { code } from "../attest/signing.ts";
import { archiveOf, bundleOf, bytesOf, FILES, publishing, type BundleSample } from "../bundle/bundle-world.ts";
import { NOW, rootOf } from "../trust/world.ts";
import { answerOf, askBoth, codesOf, missing, python, pythonVerifier, scriptVerifier } from "./compare-verifiers.ts";

const options = missing === undefined ? {} : { skip: `${missing} is missing: the Python verifier was not run` };

const PYTHON_VERIFIER = join(import.meta.dirname, "../../scripts/packs/verify_offline_bundle.py");
/** But for the ends of lines; and a line that says another verdict. */
const STEERING = /[^\P{Cc}\n]|\u202e|^ *verified/mu;
/** A bundle of as many files as the bound is would cost more than it shows. */
const LOWERED = `import sys
sys.path.insert(0, sys.argv[1])
import verify_offline_bundle as verifier
verifier.MAX_BUNDLE_FILES = int(sys.argv[2])
sys.exit(verifier.main(sys.argv[3:]))`;

/** Holds both verifiers to one answer; the codes of what failed or is stale. */
async function agreed(t: Test, path: string): Promise<readonly string[]> {
  const trust = join(path, "../root.json");
  writeFileSync(trust, canonicalBytes(rootOf(publishing()).document));
  const { script, python: other, stderr } = await askBoth(path, ["--trust", trust, "--at", NOW]);
  t.strictSame(other, script, { stderr });
  return codesOf(script);
}

async function agreedOn(t: Test, bytes: Uint8Array): Promise<readonly string[]> {
  const path = join(t.testdir(), "x.packbundle.tar");
  writeFileSync(path, bytes);
  return agreed(t, path);
}

t.test("files that can be no pack in a folder are refused, whoever signed them", options, async (t) => {
  const deep = (folders: number): BundleSample => ({ files: { ...FILES, [`${"a/".repeat(folders)}b`]: "" } });
  const refused = ["pack PACK_CONTENT_INVALID"];
  t.strictSame(await agreedOn(t, (await bundleOf(deep(64))).bytes), []);
  t.strictSame(await agreedOn(t, (await bundleOf(deep(65))).bytes), refused);
  for (const path of [".git/config", ".packrun", ".packrun/config.yaml", "run.sh/x", "data/list.txt/x/y"]) {
    t.strictSame(await agreedOn(t, (await bundleOf({ files: { ...FILES, [path]: "" } })).bytes), refused, path);
  }
  t.strictSame(await agreedOn(t, (await bundleOf({ files: { ...FILES, "data/.git/x": "" } })).bytes), []);
});

t.test("a path costs no more than it is long", options, async (t) => {
  const path = `${"a/".repeat(200_000)}b`;
  t.strictSame(await agreedOn(t, (await bundleOf({ files: { ...FILES, [path]: "" } })).bytes), [
    "pack PACK_CONTENT_INVALID",
  ]);
});

t.test("what is of no known kind is called so", options, async (t) => {
  const { manifest, pieces } = await bundleOf();
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const empty = encodeUtf8("{}");
  const blob = { digest: digestOf(empty, sha256), size: 2 };
  const note = canonicalBytes({
    schemaVersion: 2,
    mediaType,
    artifactType: "text/plain",
    config: { mediaType: "application/vnd.oci.empty.v1+json", ...blob },
    subject: { mediaType, digest: manifest.digest, size: manifest.size },
    layers: [{ mediaType: "text/plain", ...blob, annotations: { "org.opencontainers.image.title": "x" } }],
  });
  const [layout, index, ...blobs] = pieces;
  const named = { mediaType, digest: digestOf(note, sha256), size: note.length, artifactType: "text/plain" };
  const { manifests, ...rest } = JSON.parse(
    Buffer.from(index !== undefined && "bytes" in index ? index.bytes : "").toString(),
  ) as { manifests: object[] };
  const annotations = { "org.opencontainers.image.ref.name": "1.2.0.note" };
  const bytes = canonicalBytes({ ...rest, manifests: [...manifests, { ...named, annotations }] });
  const path = `blobs/sha256/${named.digest.slice("sha256:".length)}`;
  const all = [...blobs, { path, size: note.length, bytes: note }].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const head = layout === undefined ? [] : [layout, { path: "index.json", size: bytes.length, bytes }];
  t.strictSame(await agreedOn(t, await bytesOf([...head, ...all])), ["archive PACK_ATTACHMENT_UNKNOWN"]);
});

t.test("no entry hides the beginning of its name where only some readers look", options, async (t) => {
  const name = `${"a".repeat(30)}/blobs/sha256/${"0".repeat(64)}`;
  const entries = [{ path: "oci-layout", text: '{"imageLayoutVersion":"1.0.0"}' }, { path: "index.json" }];
  t.strictSame(await agreedOn(t, archiveOf([...entries, { path: name }])), ["archive PACK_BUNDLE_HEADER"]);
});

t.test("names out of a bundle cannot steer the terminal on which the verdict is shown", options, async (t) => {
  const name = "x\r\u001b[2J\nverified: run\n\u009b2K\u202e";
  const folder = join(t.testdir(), "bundle");
  mkdirSync(folder);
  symlinkSync("nowhere", join(folder, name));
  t.strictSame(await agreed(t, folder), ["sizes BUNDLE_ENTRY_UNSAFE"]);
  const archive = join(folder, "../bundle.tar");
  writeFileSync(archive, archiveOf([{ path: "z" }, { path: name.replaceAll("\r", "") }]));
  for (const [verify, path] of [pythonVerifier, scriptVerifier].flatMap((each) =>
    [folder, archive].map((path) => [each, path] as const),
  )) {
    const { stdout, stderr, code } = await verify(path, "--at", NOW);
    t.equal(code, 7);
    t.notMatch(stdout + stderr, STEERING);
    const wrong = await verify(`${folder}/${name}/none`, "--trust", `/none\u001b[2J`);
    t.equal(wrong.code, 2);
    t.notMatch(wrong.stdout + wrong.stderr, STEERING);
  }
});

t.test("a bundle of more files than any manifest lists is read no further", options, async (t) => {
  const folder = join(t.testdir({ bundle: { "1": "", "2": { "3": "" } } }), "bundle");
  const path = join(folder, "../bundle.tar");
  writeFileSync(path, archiveOf([{ path: "1" }, { path: "2" }, { path: "3" }]));
  await using handle = await open(path, "r");
  const listed = (limit: number) => [folderSource(folder, limit).list(), tarSource(handle, limit).list()];
  const lowered = (limit: number, which: string) =>
    python(["-B", "-c", LOWERED, dirname(PYTHON_VERIFIER), String(limit), which, "--format", "json"]);
  const sizes = async (limit: number, which: string): Promise<readonly string[]> =>
    answerOf(await lowered(limit, which)).checks.slice(0, 1);
  for (const found of await Promise.all(listed(2))) {
    t.equal(code(found), "BUNDLE_TOO_MANY");
  }
  t.strictSame(await sizes(2, folder), ["sizes fail BUNDLE_TOO_MANY"]);
  t.strictSame(await sizes(2, path), ["sizes fail BUNDLE_TOO_MANY"]);
  for (const found of await Promise.all(listed(3))) {
    t.equal(code(found), "ok");
  }
  t.strictSame(await sizes(3, folder), ["sizes pass"]);
  t.strictSame(await sizes(3, path), ["sizes pass"]);
  symlinkSync("nowhere", join(folder, "0"));
  t.equal(code(await folderSource(folder, 3).list()), "BUNDLE_TOO_MANY", "whatever else is in it");
  t.strictSame(await sizes(3, folder), ["sizes fail BUNDLE_TOO_MANY"]);
  t.equal(code(await folderSource(folder, 4).list()), "BUNDLE_ENTRY_UNSAFE");
  t.strictSame(await sizes(4, folder), ["sizes fail BUNDLE_ENTRY_UNSAFE"]);
  const limits = readFileSync(PYTHON_VERIFIER, "utf8").match(/^MAX_BUNDLE_FILES = (.*)$/m);
  t.equal(limits?.[1]?.replace("_", ""), String(MAX_BUNDLE_FILES), "one bound");
});
