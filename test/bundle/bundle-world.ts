import { createHash } from "node:crypto";
import { packBundlePredicate, type PackBundleClaim } from "#attest/pack-bundle.ts";
import { statementBytes } from "#attest/statement.ts";
import { archiveSource, type ArchiveSource } from "#bundle/archive.ts";
import { archiveBytes, claimOf, piecesOf, referrersOf, type Piece, type ReferrerFiles } from "#bundle/assemble.ts";
import { packManifest, type AttachmentKind, type Manifest, type ReferrerKind } from "#layout/oci.ts";
import type { PackContent } from "#layout/pack-content.ts";
import { sbomPredicate, type PackSbom } from "#layout/pack-sbom.ts";
import { makeSbom } from "#app/make-sbom.ts";
import { packTools, type PackTool } from "#layout/pack-tools.ts";
import { verifyPackBundle, type PackVerifyOptions, type VerifiedBundle } from "#bundle/verify-pack-bundle.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { concatBytes } from "#canon/bytes.ts";
import { digestOf, hexOf } from "#canon/digest.ts";
import { compareUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { BLOCK, paddingOf, ustarHeader } from "#evidence/ustar.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { readPack } from "#pack/read-pack.ts";
import type { Signer } from "#port/signer.ts";
import { nodeSha256 as sha256, nodeVerifySignature as verifySignature } from "#signer/node-crypto.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { sidecarOf, type TestKey } from "../attest/signing.ts";
import { revocations, type SampleRevocations } from "../trust/sample-revocations.ts";
import { document, NOW, people, role, rootOf, type Document } from "../trust/world.ts";

const PACK = {
  apiVersion: "packrun.dev/v1",
  kind: "TaskPack",
  metadata: { name: "acme/tool", version: "1.2.0" },
  spec: {
    sandbox: { mode: "sealed", egressAllowlist: [], limits: { cpus: 1, memory: "64Mi", pids: 16 } },
    steps: [{ id: "go", run: { command: ["./run.sh"] } }],
  },
};

/** The files of a small pack; what ends in `.sh` may be executed. */
export const FILES: Readonly<Record<string, string>> = {
  "data/list.txt": "a\nb\n",
  "empty.txt": "",
  "pack.yaml": JSON.stringify(PACK),
  "run.sh": "#!/bin/sh\ntrue\n",
};

/** `bob` publishes packs of acme, `carol` revokes. */
export function publishing(change: (document: Document) => void = () => undefined): (document: Document) => void {
  return (made) => {
    made.roles = {
      ...made.roles,
      "pack-publisher": { ...role("bob", "retired"), packs: ["acme/*"] },
      revoker: role("carol"),
    };
    change(made);
  };
}

export function packOf(files: Readonly<Record<string, string>> = FILES, more: Partial<PackContent> = {}): PackContent {
  const listing = Object.entries(files)
    .map(([path, text]) => ({
      path,
      mode: path.endsWith(".sh") ? ("755" as const) : ("644" as const),
      size: encodeUtf8(text).length,
      sha256: hexOf(digestOf(encodeUtf8(text), sha256)),
    }))
    .toSorted((a, b) => compareUtf8(a.path, b.path));
  return { name: "acme/tool", version: "1.2.0", listing, packDigest: treeDigest(listing, sha256), ...more };
}

export type BundleSample = {
  readonly files?: Readonly<Record<string, string>>;
  readonly pack?: Partial<PackContent>;
  readonly publisher?: TestKey;
  readonly revoker?: Signer;
  readonly list?: SampleRevocations;
  readonly claim?: Partial<Record<keyof PackBundleClaim, unknown>>;
  /** What the SBOM says in place of the truth, and what is attested of it. */
  readonly sbom?: (sbom: PackSbom) => object;
  readonly attestedSbom?: (sbom: PackSbom) => object;
  /** The bytes that are signed in place of the SBOM's statement. */
  readonly sbomStatement?: (payload: Uint8Array) => Uint8Array;
  readonly attachments?: Readonly<Partial<Record<AttachmentKind, string>>>;
  readonly plan?: { readonly plan: Uint8Array; readonly lock: Uint8Array };
  /** Another file in place of the publisher's attestation. */
  readonly attestation?: (sidecar: Uint8Array) => Uint8Array;
  /** What is left out after the publisher signed. */
  readonly without?: readonly ReferrerKind[];
};

export type SampleBundle = {
  readonly pack: PackContent;
  readonly manifest: Manifest;
  readonly files: ReferrerFiles;
  readonly pieces: readonly Piece[];
  readonly bytes: Uint8Array;
};

/** A bundle that verifies as it stands. */
export async function bundleOf(sample: BundleSample = {}): Promise<SampleBundle> {
  const { files = FILES, publisher = people.bob, revoker = people.carol.signer } = sample;
  const pack = packOf(files, sample.pack);
  const manifest = packManifest(pack, sha256);
  const subjects = [{ name: `${pack.name}@${pack.version}`, digest: manifest.digest }];
  const { document: honest } = await makeSbom(pack, toolsOf(files), sha256);
  const sbom = sample.sbom?.(honest) ?? honest;
  const attested = (sample.attestedSbom?.(honest) ?? sbom) as PackSbom;
  const { list, sidecar } = await revocations(revoker, sample.list);
  const inventory = statementBytes(sbomPredicate, subjects, attested);
  const own: ReferrerFiles = {
    sbom: [canonicalBytes(sbom)],
    "sbom-attestation": [await sidecarOf(sample.sbomStatement?.(inventory) ?? inventory, publisher)],
    ...Object.fromEntries(Object.entries(sample.attachments ?? {}).map(([kind, text]) => [kind, [encodeUtf8(text)]])),
    revocations: [list, sidecar],
    ...(sample.plan === undefined ? {} : { plan: [sample.plan.plan], "inputs-lock": [sample.plan.lock] }),
  };
  const plan = sample.plan === undefined ? {} : { planHash: digestOf(sample.plan.plan, sha256) };
  const given = { trustDomain: document().trustDomain, createdAt: NOW, ...plan };
  const claim = { ...claimOf(pack, given, referrersOf(own, manifest, sha256)), ...sample.claim } as PackBundleClaim;
  const signed = await sidecarOf(statementBytes(packBundlePredicate, subjects, claim), publisher);
  const publisherFile = sample.attestation?.(signed) ?? signed;
  const whole = Object.entries({ ...own, publisher: [publisherFile] });
  const left = Object.fromEntries(whole.filter(([kind]) => sample.without?.includes(kind as ReferrerKind) !== true));
  const pieces = piecesOf(pack, manifest, left, sha256);
  return { pack, manifest, files: left, pieces, bytes: await bytesOf(pieces, files) };
}

/** Those of its `pack.yaml`; none where that is no pack. */
function toolsOf(files: Readonly<Record<string, string>>): readonly PackTool[] {
  const { listing } = packOf(files);
  const read = readPack(encodeUtf8(files["pack.yaml"] ?? ""), { file: "pack.yaml", files: listing });
  return read.ok ? packTools(read.value) : [];
}

export async function bytesOf(pieces: readonly Piece[], files = FILES): Promise<Uint8Array> {
  async function* open(file: string): AsyncGenerator<Uint8Array> {
    yield encodeUtf8(files[file] ?? "");
  }
  const chunks = await Array.fromAsync(archiveBytes(pieces, open, hexHash));
  return concatBytes(...chunks);
}

function hexHash(): { readonly update: (bytes: Uint8Array) => void; readonly digest: () => string } {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}

export function sourceOf(bytes: Uint8Array): ArchiveSource {
  return {
    size: bytes.length,
    read: async function* read(start, size) {
      yield bytes.subarray(start, start + size);
    },
  };
}

/** An entry as a header and its bytes; `header` may be anything. */
export type RawEntry = { readonly path: string; readonly text?: string; readonly header?: (block: Uint8Array) => void };

/** An archive of any entries, whether they belong into one or not. */
export function archiveOf(entries: readonly RawEntry[], end: Uint8Array = new Uint8Array(2 * BLOCK)): Uint8Array {
  const parts = entries.flatMap(({ path, text = "", header }) => {
    const bytes = encodeUtf8(text);
    const block = ustarHeader({ path, size: bytes.length }) ?? new Uint8Array(BLOCK);
    if (header !== undefined) {
      header(block);
      resum(block);
    }
    return [block, bytes, new Uint8Array(paddingOf(bytes.length))];
  });
  return concatBytes(...parts, end);
}

/** Makes the checksum of a header right again. */
export function resum(block: Uint8Array): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(encodeUtf8(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}

export function verified(
  bytes: Uint8Array,
  options: Partial<PackVerifyOptions> & { readonly root?: TrustRoot } = {},
): Promise<VerifiedBundle> {
  const { root, ...rest } = options;
  const trusted = root ?? rootOf(publishing());
  const startHash = () => {
    const hash = createHash("sha256");
    return { update: (chunk: Uint8Array) => void hash.update(chunk), digest: () => hash.digest() };
  };
  const given = { at: NOW, trustRoot: canonicalBytes(trusted.document), ...rest };
  return verifyPackBundle(archiveSource(sourceOf(bytes)), given, { sha256, verifySignature, startHash });
}

/** The code of one check; its status where it has none. */
export function found({ verdict }: VerifiedBundle, name: string): string {
  const check = verdict.checks.find((each) => each.name === name);
  return check === undefined ? "no such check" : "code" in check ? check.code : check.status;
}
