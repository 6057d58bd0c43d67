import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { readAttachments } from "#app/pack-attachments.ts";
import { createPackBundle } from "#app/pack-bundle-create.ts";
import { bundleFromLayout } from "#app/pack-bundle-from-layout.ts";
import { importPackBundle } from "#app/pack-bundle-import.ts";
import { showPackBundle } from "#app/pack-bundle-show.ts";
import { verifyPackPinned } from "#app/pack-bundle-verify.ts";
import { checkFilesUnchanged } from "#app/registered-files.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { statementBytes } from "#attest/statement.ts";
import { folderReader } from "#folder/folder-reader.ts";
import { sbomPredicate, type PackSbom } from "#layout/pack-sbom.ts";
import { packManifest } from "#layout/oci.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { code, sidecarOf, value } from "../attest/signing.ts";
import { bundleOf, FILES, packOf } from "../bundle/bundle-world.ts";
import { people } from "../trust/world.ts";
import { site, writeFiles } from "./pack-site.ts";

const SPDX2 = { spdxVersion: "SPDX-2.3", SPDXID: "SPDXRef-DOCUMENT", name: "tool" };
const SPDX3 = { "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [] };

/** Writes the entries of an archive as files. */
function unpack(archive: string, folder: string): string {
  const bytes = readFileSync(archive);
  for (let at = 0; bytes[at] !== 0;) {
    const name = bytes.toString("latin1", at, bytes.indexOf(0, at));
    const size = Number.parseInt(bytes.toString("latin1", at + 124, at + 135), 8);
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return folder;
}

t.test("SPDX documents are known by what is in them, and everything else is refused", async (t) => {
  const { desk } = await site(t);
  const file = (name: string, content: unknown): string => {
    const path = join(desk.dir, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
    return path;
  };
  const found = value(await readAttachments([file("a.json", SPDX2), file("b.txt", SPDX3)]));
  t.strictSame([...found.keys()], ["spdx", "spdx3"]);
  const listed = { ...SPDX3, "@context": ["https://acme.example/c", SPDX3["@context"]] };
  t.strictSame([...value(await readAttachments([file("c", listed)])).keys()], ["spdx3"]);
  t.strictSame([...value(await readAttachments([])).keys()], []);
  const refused = async (...contents: readonly unknown[]): Promise<string> =>
    code(await readAttachments(contents.map((content, at) => file(`x${at}`, content))));
  t.equal(await refused("text"), "PACK_ATTACHMENT_TYPE");
  t.equal(await refused([]), "PACK_ATTACHMENT_TYPE");
  t.equal(await refused({ bomFormat: "CycloneDX" }), "PACK_ATTACHMENT_TYPE");
  t.equal(await refused({ spdxVersion: "SPDX-9.9" }), "PACK_ATTACHMENT_TYPE");
  t.equal(await refused({ ...SPDX3, "@context": "https://spdx.org/rdf/3.evil" }), "PACK_ATTACHMENT_TYPE");
  t.equal(await refused({ "@context": SPDX3["@context"] }), "PACK_ATTACHMENT_TYPE", "no graph");
  t.equal(await refused(SPDX2, { ...SPDX2, name: "other" }), "PACK_ATTACHMENT_TYPE", "two of a kind");
  t.equal(code(await readAttachments([join(desk.dir, "none")])), "USER_FILE_READ");
  writeFileSync(join(desk.dir, "large"), new Uint8Array(32 * 1024 * 1024 + 1));
  t.equal(code(await readAttachments([join(desk.dir, "large")])), "PACK_ATTACHMENT_TYPE", "too large");
});

t.test("an attached document is carried, shown, verified and imported", async (t) => {
  const { desk, settings, registry, tools, order } = await site(t);
  const attachments = new Map([["spdx" as const, encodeUtf8(JSON.stringify(SPDX2))]]);
  const { file } = value(await createPackBundle(await order({ attachments }), desk.place));
  const shown = value(await showPackBundle(file, sha256));
  t.match(
    shown.referrers.find(({ kind }) => kind === "spdx"),
    { refName: "1.2.0.spdx", artifactType: "application/spdx+json" },
  );
  const { verdict } = value(await verifyPackPinned({ path: file }, settings, tools));
  t.equal(verdict.verdict, "verified");
  t.match(verdict.checks.find(({ name }) => name === "referrers")?.why, "4,");
  t.ok(value(await importPackBundle({ path: file, registry, version: "1" }, settings, tools)).kept);
});

t.test("an SBOM that does not name the tools of the pack is not imported", async (t) => {
  const { desk, settings, registry, tools } = await site(t);
  const file = join(desk.dir, "given.tar");
  const importing = async (sbom: (honest: PackSbom) => object): Promise<string> => {
    writeFileSync(file, (await bundleOf({ sbom })).bytes);
    return code(await importPackBundle({ path: file, registry, version: "1" }, settings, tools));
  };
  const tool = {
    type: "application",
    name: "curl",
    "bom-ref": "tool:curl",
    scope: "required",
    properties: [{ name: "packrun:tool", value: "command" }],
  };
  t.equal(await importing((sbom) => ({ ...sbom, components: [...sbom.components, tool] })), "PACK_SBOM_TOOLS");
  const bare = (sbom: PackSbom): object[] =>
    sbom.components.map(({ type, name, "bom-ref": ref, ...more }) => ({
      type,
      name,
      "bom-ref": ref,
      ...("hashes" in more ? { hashes: more.hashes } : {}),
    }));
  t.equal(await importing((sbom) => ({ ...sbom, components: bare(sbom) })), "PACK_SBOM_TOOLS");
  t.strictSame(readdirSync(registry), [], "nothing is left behind");
  t.equal(await importing((sbom) => sbom), "ok");
});

t.test("an attestation of the SBOM by others is held to this pack and to who may publish", async (t) => {
  const { desk, settings, tools, order } = await site(t);
  const first = value(await createPackBundle(await order(), desk.place));
  const layout = unpack(first.file, join(desk.dir, "opened"));
  const blobs = readdirSync(join(layout, "blobs/sha256")).map((name) =>
    readFileSync(join(layout, "blobs/sha256", name)),
  );
  const sbom = JSON.parse(blobs.find((blob) => blob.includes('"bomFormat"'))?.toString() ?? "") as PackSbom;
  const { pack } = await order();
  const subject = packManifest(pack, sha256).digest;
  const payload = (about: PackSbom, digest = subject): Uint8Array => {
    const strict = statementBytes(sbomPredicate, [{ name: "manifest.json", digest }], about);
    return encodeUtf8(
      JSON.stringify(JSON.parse(decodeUtf8(strict)?.replace("Statement/v1", "Statement/v0.1") ?? ""), undefined, 1),
    );
  };
  const made = async (bytes: Uint8Array): Promise<string> =>
    code(await createPackBundle(await order({ sbomAttestation: { path: "sbom.sigstore.json", bytes } }), desk.place));
  t.equal(await made(await sidecarOf(payload(sbom), people.alice)), "ok");
  const { verdict } = value(await verifyPackPinned({ path: first.file }, settings, tools));
  t.match(
    verdict.checks.find(({ name }) => name === "sbom-attestation"),
    { status: "pass", why: /^alice/ },
  );
  t.equal(await made(await sidecarOf(payload(sbom), people.carol)), "PACK_SBOM_ATTESTATION", "who may not publish");
  const other = { ...sbom, components: sbom.components.slice(1) };
  t.equal(await made(await sidecarOf(payload(other), people.alice)), "PACK_SBOM_ATTESTATION", "another SBOM");
  const elsewhere = packManifest(packOf({ ...FILES, more: "" }), sha256).digest;
  t.equal(await made(await sidecarOf(payload(sbom, elsewhere), people.alice)), "PACK_SBOM_ATTESTATION", "another pack");
  t.equal(await made(encodeUtf8("{}")), "PACK_SBOM_ATTESTATION", "no envelope");
});

t.test("from a layout of any tool the bundle comes back byte for byte", async (t) => {
  const { desk, order } = await site(t);
  const attachments = new Map([["spdx3" as const, encodeUtf8(JSON.stringify(SPDX3))]]);
  const { file, size, packDigest } = value(await createPackBundle(await order({ attachments }), desk.place));
  const folder = unpack(file, join(desk.dir, "layout"));
  const out = join(desk.dir, "again.tar");
  const again = async (): Promise<string> => code(await bundleFromLayout({ folder, out }, sha256));
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: { digest: string }[] };
  const stranger = { schemaVersion: 2, manifests: [], mediaType: "application/vnd.oci.image.index.v1+json" };
  const strange = canonicalBytes(stranger);
  const name = createHash("sha256").update(strange).digest("hex");
  writeFileSync(join(folder, "blobs/sha256", name), strange);
  const foreign = (manifests: readonly object[]): void =>
    writeFileSync(
      join(folder, "index.json"),
      JSON.stringify({ schemaVersion: 2, manifests, annotations: {} }, undefined, 2),
    );
  foreign([
    ...index.manifests.map(({ digest }) => ({ digest })).toReversed(),
    { digest: `sha256:${name}` },
    { digest: 7 },
  ]);
  t.match(value(await bundleFromLayout({ folder, out }, sha256)), { size, packDigest });
  t.ok(readFileSync(out).equals(readFileSync(file)));

  rmSync(out);
  foreign(index.manifests.slice(1));
  t.equal(await again(), "PACK_LAYOUT", "no pack");
  foreign(index.manifests.filter((_, at) => at !== 2));
  t.equal(await again(), "PACK_LAYOUT", "something that the publisher lists is not there");
  foreign(index.manifests.slice(0, -1));
  t.equal(await again(), "PACK_LAYOUT", "no publisher");
  writeFileSync(join(folder, "index.json"), "[]");
  t.equal(await again(), "PACK_LAYOUT", "no index");
  foreign([...index.manifests, { digest: `sha256:${"0".repeat(64)}` }]);
  t.equal(await again(), "PACK_LAYOUT", "a manifest that is not there");
  foreign(index.manifests);
  const script = join(folder, "blobs/sha256", packOf().listing[3]?.sha256 ?? "");
  writeFileSync(script, "#!/bin/sh\nfals\n");
  t.equal(await again(), "PACK_LAYOUT", "another blob than its name says");
  rmSync(script);
  t.equal(await again(), "PACK_LAYOUT", "a blob that is not there");
  symlinkSync("/dev/zero", script);
  t.equal(await again(), "PACK_LAYOUT", "a device");
  t.equal(code(await bundleFromLayout({ folder: join(desk.dir, "none"), out }, sha256)), "PACK_LAYOUT");
  t.notOk(
    readdirSync(desk.dir).some((each) => each.startsWith("again.tar")),
    "nothing is left behind",
  );
});

t.test("of a pack that was published twice the latest attestation counts", async (t) => {
  const { desk, order } = await site(t);
  const folder = join(desk.dir, "layout");
  const at = (createdAt: string) => ({ createdAt: createdAt as never });
  const early = value(await createPackBundle(await order(at("2026-01-06T00:00:00.000Z")), desk.place));
  unpack(early.file, folder);
  const before = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: object[] };
  const late = value(await createPackBundle(await order(at("2026-01-07T00:00:00.000Z")), desk.place));
  unpack(late.file, folder);
  const now = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: object[] };
  writeFileSync(join(folder, "index.json"), JSON.stringify({ manifests: [...now.manifests, ...before.manifests] }));
  const out = join(desk.dir, "again.tar");
  value(await bundleFromLayout({ folder, out }, sha256));
  t.ok(readFileSync(out).equals(readFileSync(late.file)));
});

t.test("the same bundle is imported twice at once", async (t) => {
  const { desk, settings, registry, tools, order } = await site(t);
  const { file } = value(await createPackBundle(await order(), desk.place));
  const one = () => importPackBundle({ path: file, registry, version: "1" }, settings, tools);
  const both = await Promise.all([one(), one(), one()]);
  t.equal(both.filter((each) => value(each).kept?.isNew === true).length, 1);
  t.equal(both.filter((each) => value(each).kept?.isNew === false).length, 2);
  t.strictSame(readdirSync(registry), ["acme"], "no draft is left");
});

t.test("what is interrupted keeps nothing", async (t) => {
  const { desk, settings, registry, order } = await site(t);
  const { file } = value(await createPackBundle(await order(), desk.place));
  const controller = new AbortController();
  const now = (): number => {
    controller.abort("SIGTERM");
    return desk.place.now();
  };
  const { signal } = controller;
  const ended = await importPackBundle({ path: file, registry, version: "1", signal }, settings, {
    ...desk.place,
    now,
  });
  t.equal(code(ended), "PACK_BUNDLE_NOT_FOUND", "its copy is gone while it is read");
  t.strictSame(readdirSync(registry), []);
});

t.test("times, rights and the place of files are not in a bundle", async (t) => {
  const { desk, order } = await site(t);
  const pack = async (folder: string, change: () => void): Promise<string> => {
    writeFiles(folder, FILES);
    change();
    const { listing } = value(await folderReader().readPack(folder));
    return JSON.stringify(listing);
  };
  const plain = await pack(join(desk.dir, "a"), () => undefined);
  const before = process.umask(0o077);
  try {
    const other = await pack(join(desk.dir, "b", "deep"), () => {
      utimesSync(join(desk.dir, "b/deep/run.sh"), 1, 1);
      chmodSync(join(desk.dir, "b/deep/run.sh"), 0o700);
      chmodSync(join(desk.dir, "b/deep/empty.txt"), 0o400);
    });
    t.equal(other, plain);
    const { file } = value(await createPackBundle(await order(), desk.place));
    t.equal(value(await showPackBundle(file, sha256)).packDigest, packOf().packDigest);
  } finally {
    process.umask(before);
  }
});

t.test("files of the registry that were changed are noticed before anything is made of them", async (t) => {
  const { taken } = await site(t);
  const folder = join(await taken(), "pack");
  const registered = { name: "acme/tool", version: "1.2.0", folder, packDigest: packOf().packDigest };
  const ports = { folders: folderReader(), sha256 };
  t.equal(code(await checkFilesUnchanged(registered, ports)), "ok");
  writeFileSync(join(folder, "more.txt"), "");
  t.equal(code(await checkFilesUnchanged(registered, ports)), "REGISTRY_CHANGED");
  t.equal(code(await checkFilesUnchanged({ ...registered, folder: "/none" }, ports)), "REGISTRY_CHANGED");
});
