import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { bundleKind } from "#app/bundle-kind.ts";
import { layoutFolder } from "#app/layout-folder.ts";
import { MAX_ENTRIES } from "#bundle/archive.ts";
import { readLayout } from "#bundle/read-layout.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { code, value } from "../attest/signing.ts";
import { bundleOf } from "../bundle/bundle-world.ts";

const sample = bundleOf();

/** A pack bundle as a folder. */
async function unpacked(t: Test): Promise<string> {
  const folder = t.testdir({ "sample.tar": Buffer.from((await sample).bytes), layout: {} });
  spawnSync("tar", ["-xf", join(folder, "sample.tar"), "-C", join(folder, "layout")]);
  return join(folder, "layout");
}

const codeOf = async (folder: string): Promise<string> => code(await layoutFolder(folder).list());

t.test("a folder is read as the pack that went into its archive", async (t) => {
  const folder = await unpacked(t);
  const layout = value(await readLayout(layoutFolder(folder), sha256));
  t.strictSame(layout.pack, (await sample).pack);
  const paths = [...layout.entries.keys()];
  t.strictSame(paths.slice(0, 2), ["oci-layout", "index.json"]);
  t.strictSame(paths.slice(2), paths.slice(2).toSorted());
});

t.test("links, foreign folders and anything that is no file are refused", async (t) => {
  const folder = await unpacked(t);
  const with_ = async (make: (path: string) => void, name: string): Promise<string> => {
    make(join(folder, name));
    const found = await codeOf(folder);
    rmSync(join(folder, name), { recursive: true });
    return found;
  };
  const link = (path: string): void => symlinkSync("index.json", path);
  const write = (path: string): void => writeFileSync(path, "");
  t.equal(await with_(link, "other"), "PACK_BUNDLE_LINK");
  t.equal(await with_(link, `blobs/sha256/${"0".repeat(64)}`), "PACK_BUNDLE_LINK", "under the name of a blob, too");
  t.equal(await with_(mkdirSync, "blobs/sha512"), "PACK_BUNDLE_ENTRY_TYPE");
  t.equal(await with_((path) => void spawnSync("mkfifo", [path]), "pipe"), "PACK_BUNDLE_ENTRY_TYPE");
  t.equal(await with_(write, "README.txt"), "PACK_BUNDLE_PATH_FOREIGN");
  t.equal(await with_(write, "Index.json"), "PACK_BUNDLE_PATH_CASE");
  t.equal(await with_(write, "C:x"), "PACK_BUNDLE_PATH_WINDOWS");
  t.equal(await with_(write, "blobs/aux"), "PACK_BUNDLE_PATH_WINDOWS");
  t.equal(await codeOf(folder), "ok");
});

t.test("a folder of more files than any pack bundle has is looked at no further", async (t) => {
  const folder = await unpacked(t);
  for (let at = 0; at < MAX_ENTRIES; at += 1) {
    writeFileSync(join(folder, "blobs", String(at)), "");
  }
  t.equal(await codeOf(folder), "PACK_BUNDLE_TOO_MANY");
});

t.test("a bundle is told by the names in it, whatever it is called", async (t) => {
  const folder = await unpacked(t);
  t.equal(await bundleKind(folder), "pack");
  t.equal(await bundleKind(join(folder, "../sample.tar")), "pack");
  t.equal(await bundleKind("test/packs/tampered/original/bundle"), "evidence");
  t.equal(await bundleKind(join(folder, "none")), "evidence");
  rmSync(join(folder, "oci-layout"));
  t.equal(await bundleKind(folder), "pack", "what is missing is told by the verdict");
  writeFileSync(join(folder, "evidence.manifest.json"), "");
  t.equal(await bundleKind(folder), "evidence");
  const loud = Buffer.from((await sample).bytes);
  loud.write("OCI-Layout");
  writeFileSync(join(folder, "../sample.tar"), loud);
  t.equal(await bundleKind(join(folder, "../sample.tar")), "pack");
});
