import t from "tap";
import { archiveSource } from "#bundle/archive.ts";
import type { Piece } from "#bundle/assemble.ts";
import { readLayout } from "#bundle/read-layout.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { code, value } from "../attest/signing.ts";
import { bundleOf, bytesOf, FILES, found, packOf, sourceOf, verified } from "./bundle-world.ts";

type Json = Record<string, unknown>;

const codeOf = async (bytes: Uint8Array): Promise<string> =>
  code(await readLayout(archiveSource(sourceOf(bytes)), sha256));
const asBlob = (bytes: Uint8Array): Piece => {
  const path = `blobs/sha256/${digestOf(bytes, sha256).slice(7)}`;
  return { path, size: bytes.length, bytes };
};
const inOrder = (pieces: readonly Piece[]): readonly Piece[] => [
  ...pieces.slice(0, 2),
  ...pieces.slice(2).toSorted((a, b) => (a.path < b.path ? -1 : 1)),
];

/** The bundle with another index. */
async function withIndex(change: (index: { manifests: Json[] }) => unknown, more: readonly Piece[] = []) {
  const { pieces } = await bundleOf();
  const index = JSON.parse(decodeUtf8("bytes" in pieces[1]! ? pieces[1].bytes : new Uint8Array()) ?? "") as {
    manifests: Json[];
  };
  const bytes = canonicalBytes(change(index) ?? index);
  const [layout, , ...blobs] = pieces;
  return bytesOf(inOrder([layout!, { path: "index.json", size: bytes.length, bytes }, ...blobs, ...more]));
}

/** The bundle with another image manifest, which index and archive name rightly. */
async function withManifest(change: (manifest: { layers: Json[]; annotations: Json }) => void): Promise<Uint8Array> {
  const { manifest } = await bundleOf();
  const read = JSON.parse(decodeUtf8(manifest.bytes) ?? "") as { layers: Json[]; annotations: Json };
  change(read);
  const bytes = canonicalBytes(read);
  return withIndex(
    (index) => {
      index.manifests[0] = { ...index.manifests[0], digest: digestOf(bytes, sha256), size: bytes.length };
    },
    [asBlob(bytes)],
  );
}

t.test("a bundle is read as the pack that went into it", async (t) => {
  const { bytes, pack, manifest } = await bundleOf();
  const layout = value(await readLayout(archiveSource(sourceOf(bytes)), sha256));
  t.strictSame(layout.pack, pack);
  t.equal(layout.manifest.digest, manifest.digest);
  t.strictSame([...layout.referrers.keys()], ["sbom", "sbom-attestation", "revocations", "publisher"]);
});

t.test("the same pack gives the same bytes, whatever the order of its files", async (t) => {
  const other = Object.fromEntries(Object.entries(FILES).toReversed());
  const [one, two] = await Promise.all([bundleOf(), bundleOf({ files: other })]);
  t.strictSame(one.manifest.bytes, two.manifest.bytes);
  t.strictSame(one.files.sbom, two.files.sbom);
});

t.test("index.json says what its manifests say of themselves, and nothing else", async (t) => {
  t.equal(await codeOf(await withIndex((index) => ({ ...index, more: 1 }))), "PACK_BUNDLE_DOCUMENT");
  t.equal(await codeOf(await withIndex((index) => ({ ...index, manifests: [] }))), "PACK_BUNDLE_DOCUMENT");
  const swapped = await withIndex((index) => {
    index.manifests.splice(1, 2, ...index.manifests.slice(1, 3).toReversed());
  });
  t.equal(await codeOf(swapped), "PACK_BUNDLE_DOCUMENT", "another order");
  const renamed = await withIndex((index) => {
    index.manifests[1] = { ...index.manifests[1], artifactType: "application/json" };
  });
  t.equal(await codeOf(renamed), "PACK_BUNDLE_DOCUMENT", "another type");
  const twice = await withIndex((index) => index.manifests.push(index.manifests[1] ?? {}) && undefined);
  t.equal(await codeOf(twice), "PACK_BUNDLE_DOCUMENT", "one twice");
  const { pieces } = await bundleOf();
  const spaced = encodeUtf8('{"imageLayoutVersion": "1.0.0"}');
  const layout = { path: "oci-layout", size: spaced.length, bytes: spaced };
  t.equal(await codeOf(await bytesOf([layout, ...pieces.slice(1)])), "PACK_BUNDLE_DOCUMENT");
  t.equal(await codeOf(await bytesOf(pieces.filter(({ path }) => path !== "index.json"))), "PACK_BUNDLE_DOCUMENT");
});

t.test("what refers to the pack is of a known kind, and to this very pack", async (t) => {
  const { manifest } = await bundleOf();
  const attached = (change: object): Promise<string> => {
    const config = {
      mediaType: "application/vnd.oci.empty.v1+json",
      digest: digestOf(encodeUtf8("{}"), sha256),
      size: 2,
    };
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const subject = { mediaType, digest: manifest.digest, size: manifest.size };
    const note = encodeUtf8("a note");
    const annotations = { "org.opencontainers.image.title": "note.txt" };
    const layers = [{ mediaType: "text/plain", digest: digestOf(note, sha256), size: note.length, annotations }];
    const whole = { schemaVersion: 2, mediaType, artifactType: "text/plain", config, subject, layers, ...change };
    const bytes = canonicalBytes(whole);
    const descriptor = {
      mediaType,
      digest: digestOf(bytes, sha256),
      size: bytes.length,
      artifactType: whole.artifactType,
      annotations: { "org.opencontainers.image.ref.name": "1.2.0.note" },
    };
    return withIndex((index) => void index.manifests.push(descriptor), [asBlob(bytes), asBlob(note)]).then(codeOf);
  };
  t.equal(await attached({}), "PACK_ATTACHMENT_UNKNOWN");
  t.equal(await attached({ artifactType: "a\u001b[2J" }), "PACK_ATTACHMENT_UNKNOWN", "whatever it is called");
  t.equal(await attached({ artifactType: "application/spdx+json" }), "PACK_BUNDLE_DOCUMENT", "out of place");
  const other = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${"0".repeat(64)}`,
    size: 1,
  };
  const { pieces, bytes } = await bundleOf({ attachments: { spdx: "{}" } });
  t.equal(await codeOf(bytes), "ok");
  const ofOthers = pieces.map((piece) => {
    const text = "bytes" in piece ? (decodeUtf8(piece.bytes) ?? "") : "";
    return { piece, text };
  });
  const spdx =
    ofOthers.find(({ text }) => text.includes('"artifactType":"application/spdx+json","config"'))?.text ?? "";
  const moved = canonicalBytes({ ...(JSON.parse(spdx) as object), subject: other });
  const index = JSON.parse(ofOthers[1]?.text ?? "") as { manifests: Json[] };
  const at = index.manifests.findIndex(({ artifactType }) => artifactType === "application/spdx+json");
  index.manifests[at] = { ...index.manifests[at], digest: digestOf(moved, sha256), size: moved.length };
  const again = canonicalBytes(index);
  const [layout, , ...blobs] = pieces;
  const kept = blobs.filter((piece) => !("bytes" in piece) || decodeUtf8(piece.bytes) !== spdx);
  const swapped = inOrder([layout!, { path: "index.json", size: again.length, bytes: again }, ...kept, asBlob(moved)]);
  t.equal(await codeOf(await bytesOf(swapped)), "PACK_BUNDLE_DOCUMENT", "it refers to another pack");
});

t.test("the image manifest names plain files once, sorted, under the digest that they give", async (t) => {
  const title = (at: number, path: string) =>
    withManifest(({ layers }) => {
      const annotations = layers[at]?.["annotations"] as Json;
      annotations["org.opencontainers.image.title"] = path;
    }).then(codeOf);
  t.equal(await title(0, "../list.txt"), "PACK_BUNDLE_PATH_TRAVERSAL");
  t.equal(await title(0, "/list.txt"), "PACK_BUNDLE_PATH_ABSOLUTE");
  t.equal(await title(0, "data\\list.txt"), "PACK_BUNDLE_PATH_WINDOWS");
  t.equal(await title(0, "data/list\0.txt"), "PACK_BUNDLE_PATH_NUL");
  t.equal(await title(3, "PACK.yaml"), "PACK_BUNDLE_PATH_CASE");
  t.equal(await title(0, "zzz"), "PACK_BUNDLE_DOCUMENT", "not sorted");
  t.equal(await title(0, "data/other.txt"), "PACK_BUNDLE_DOCUMENT", "another pack digest");
  const named = await withManifest(({ annotations }) => (annotations["dev.packrun.pack.name"] = "Acme/../x"));
  t.equal(await codeOf(named), "PACK_BUNDLE_DOCUMENT");
});

t.test("twins in case or spelling are refused before anything is written", async (t) => {
  const twins = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const { bytes } = await bundleOf({ files: { ...FILES, ...files } });
    return codeOf(bytes);
  };
  t.equal(await twins({ "é.txt": "1", "e\u0301.txt": "2" }), "PACK_BUNDLE_PATH_UNICODE");
  t.equal(await twins({ "Data/other.txt": "1" }), "PACK_BUNDLE_PATH_CASE", "of folders");
});

t.test("every blob is listed, there, and of its size and digest", async (t) => {
  const { bytes, pieces, pack } = await bundleOf();
  const extra = await bytesOf(inOrder([...pieces, asBlob(encodeUtf8("extra"))]));
  t.equal(await codeOf(extra), "PACK_BUNDLE_BLOB_UNLISTED");
  const isScript = ({ path }: Piece): boolean => path.endsWith(pack.listing[3]?.sha256 ?? "none");
  t.equal(await codeOf(await bytesOf(pieces.filter((piece) => !isScript(piece)))), "PACK_BUNDLE_BLOB_MISSING");
  const replace = (text: string): Promise<Uint8Array> =>
    bytesOf(
      pieces.map((piece) =>
        isScript(piece) ? { path: piece.path, size: encodeUtf8(text).length, bytes: encodeUtf8(text) } : piece,
      ),
    );
  t.equal(await codeOf(await replace("longer than before, and other")), "PACK_BUNDLE_BLOB_SIZE");
  const forged = await replace("#!/bin/sh\nfals\n");
  const layout = value(await readLayout(archiveSource(sourceOf(forged)), sha256));
  t.equal(layout.pack.packDigest, pack.packDigest, "the manifests alone do not tell");
  t.equal(found(await verified(forged), "blobs"), "PACK_BUNDLE_BLOB_DIGEST");
  const index = bytes.slice();
  const at = Buffer.from(bytes).indexOf('"bomFormat":"CycloneDX"');
  index[at + 14] = 0x63;
  t.equal(found(await verified(index), "sbom"), "PACK_BUNDLE_BLOB_DIGEST", "documents too");
});

t.test("documents are bounded before they are read", async (t) => {
  const { pieces } = await bundleOf();
  const [layout, , ...blobs] = pieces;
  const huge = { path: "index.json", size: 33 * 1024 * 1024, bytes: new Uint8Array(33 * 1024 * 1024) };
  t.equal(await codeOf(await bytesOf([layout!, huge, ...blobs])), "PACK_BUNDLE_TOO_LARGE");
});

t.test("two files of the same bytes are one blob", async (t) => {
  const { bytes, pieces } = await bundleOf({ files: { ...FILES, "copy.sh": FILES["run.sh"] ?? "" } });
  t.equal(await codeOf(bytes), "ok");
  t.equal(pieces.filter(({ path }) => path.endsWith(packOf().listing[3]?.sha256 ?? "none")).length, 1);
  t.equal(found(await verified(bytes), "sbom"), "pass");
});

t.test("a size that takes padding for content gives another document, which is refused", async (t) => {
  const { bytes } = await bundleOf();
  const lying = bytes.slice();
  // The header of oci-layout, whose content ends in its first block.
  lying.set(encodeUtf8("00000001000"), 124);
  const header = lying.subarray(0, 512);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(encodeUtf8(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  t.equal(await codeOf(lying), "PACK_BUNDLE_DOCUMENT");
});

t.test("layers that were swapped, and subjects that lead in a circle, are refused", async (t) => {
  const swapped = await withManifest(({ layers }) => {
    const [one, two] = [layers[0]!, layers[3]!];
    [one["digest"], two["digest"]] = [two["digest"], one["digest"]];
    [one["size"], two["size"]] = [two["size"], one["size"]];
  });
  t.equal(await codeOf(swapped), "PACK_BUNDLE_DOCUMENT", "contents of two files");
  const reordered = await withManifest(({ layers }) => void layers.splice(0, 2, ...layers.slice(0, 2).toReversed()));
  t.equal(await codeOf(reordered), "PACK_BUNDLE_DOCUMENT", "their order");
  const { manifest, pieces } = await bundleOf();
  const circle = await withManifest((made) => {
    const subject = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: manifest.digest, size: 1 };
    Object.assign(made, { subject });
  });
  t.equal(await codeOf(circle), "PACK_BUNDLE_DOCUMENT", "a pack refers to nothing");
  t.equal(
    await codeOf(await withIndex((index) => void index.manifests.shift())),
    "PACK_BUNDLE_DOCUMENT",
    "no pack first",
  );
  const [layout, index, first, second, ...rest] = pieces;
  const bytesIn = (piece: Piece | undefined): Uint8Array =>
    piece !== undefined && "bytes" in piece ? piece.bytes : encodeUtf8("no document");
  const renamed = [
    { path: first!.path, size: bytesIn(second).length, bytes: bytesIn(second) },
    { path: second!.path, size: bytesIn(first).length, bytes: bytesIn(first) },
  ];
  const verdict = await verified(await bytesOf([layout!, index!, ...renamed, ...rest]));
  t.equal(verdict.verdict.verdict, "failed", "two blobs under each other's name");
});
