import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createPackBundle } from "#app/pack-bundle-create.ts";
import { readPackFolder } from "#app/pack-folder.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { readPack } from "#pack/read-pack.ts";
import { folderReader } from "#folder/folder-reader.ts";
import { lockInputs, planPack } from "#app/plan-pack.ts";
import { moduleInspector } from "#policy/inspect-module.ts";
import { BLOCK, paddingOf } from "#evidence/ustar.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { value } from "../../attest/signing.ts";
import { bundleOf, type BundleSample, type SampleBundle } from "../../bundle/bundle-world.ts";
import type { SampleRevocations } from "../../trust/sample-revocations.ts";
import { keys, type Holder } from "./keys.ts";
import type { Sample } from "./sample.ts";
import { openSite, type SampleSite } from "./site.ts";

const EXAMPLES = join(import.meta.dirname, "../../../packs");

/** A pack of four small files: what every tampered pack bundle was before. */
export const TOOL: Readonly<Record<string, string>> = {
  "README.md": "# tool\n\nGreets whoever is named in `names.txt`.\n",
  "greet.sh": '#!/bin/sh\nwhile read -r name; do echo "Hello $name"; done < names.txt > greetings.txt\n',
  "names.txt": "Ada\nGrace\n",
  "pack.yaml": `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/tool, version: 1.2.0}
spec:
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  steps:
    - id: greet
      run: {command: [./greet.sh]}
      outputs: {greetings: {file: greetings.txt, mediaType: text/plain}}
  outputs: {greetings: {from: "\${{ steps.greet.outputs.greetings }}"}}
`,
};

/** A folder with these files; what ends in `.sh` may be executed. */
export function writePack(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), path.endsWith(".sh") ? 0o755 : 0o644);
  }
  return folder;
}

/** The bundle of a pack, as `packrun bundle create` makes it. */
async function bundleOfFolder(folder: string, site: SampleSite, publisher: Holder = "publisher"): Promise<Uint8Array> {
  const read = value(
    await readPackFolder(folder, site.folder, { folders: folderReader(), sha256, inspectModule: moduleInspector() }),
  );
  const pack = readPack(read.bytes, { file: read.file, files: read.listing });
  if (!pack.ok) {
    throw new Error(`${folder} is no pack: ${JSON.stringify(pack.fault)}`);
  }
  const { name, version } = pack.value;
  const content = { name, version, listing: read.listing, packDigest: treeDigest(read.listing, sha256) };
  const out = join(site.folder, "made.packbundle.tar");
  const { signer } = keys[publisher];
  value(await createPackBundle({ pack: content, folder: read.folder, signer, out }, site.place));
  return readFileSync(out);
}

/** The bundle of the small pack. */
function toolBundle(site: SampleSite): Promise<Uint8Array> {
  return bundleOfFolder(writePack(join(site.folder, "tool"), TOOL), site);
}

const LIST: SampleRevocations = { trustDomain: "samples", nextUpdate: "2100-01-01T00:00:00.000Z" };

/** The bundle of the small pack with one thing otherwise; whatever it is, it is well signed. */
export function toolWith(sample: BundleSample): Promise<SampleBundle> {
  const { publisher, revoker } = keys;
  const claim = { trustDomain: "samples", createdAt: "2026-01-05T00:00:00.000Z", ...sample.claim };
  const list = { ...LIST, ...sample.list };
  return bundleOf({ files: TOOL, publisher, revoker: revoker.signer, ...sample, list, claim });
}

export type PlanFiles = { readonly planHash: string; readonly plan: Uint8Array; readonly lock: Uint8Array };

/** The plan of a pack without inputs of its own, and its lock. */
export async function planOf(files: Readonly<Record<string, string>>, site: SampleSite): Promise<PlanFiles> {
  const ports = { folders: folderReader(), sha256, inspectModule: moduleInspector() };
  const pack = writePack(join(site.folder, "planned"), files);
  const planned = await planPack({ pack, inputs: [], cwd: site.folder }, ports);
  if (!planned.ok) {
    throw new Error(`there is no plan: ${JSON.stringify(planned.fault)}`);
  }
  const { bytes: plan, planHash } = planned.value.compiled;
  return { planHash, plan, lock: lockInputs(planned.value, site.place.settings.tenantId, new Map(), sha256) };
}

const SPDX = JSON.stringify({ spdxVersion: "SPDX-2.3", SPDXID: "SPDXRef-DOCUMENT", name: "tool" });

/** The small pack with everything that a bundle may have besides. */
async function furtherPacks(tool: Uint8Array, site: SampleSite): Promise<readonly Sample[]> {
  const planned = await planOf(TOOL, site);
  /** As `cosign attest-blob --predicate` makes it: of the version before, and not canonical. */
  const older = (payload: Uint8Array): Uint8Array => {
    const statement = JSON.parse(Buffer.from(payload).toString()) as object;
    return Buffer.from(JSON.stringify({ ...statement, _type: "https://in-toto.io/Statement/v0.1" }, undefined, 1));
  };
  const good = async (name: string, sample: BundleSample, args?: readonly string[]): Promise<Sample> => ({
    name,
    path: `good/${name}.packbundle.tar`,
    bytes: (await toolWith(sample)).bytes,
    verdict: "verified",
    ...(args === undefined ? {} : { args }),
  });
  return [
    { name: "tool-layout", path: "good/tool.packbundle", files: entriesOf(tool), verdict: "verified" },
    await good("tool-planned", { plan: planned }),
    await good("tool-with-spdx", { attachments: { spdx: SPDX } }),
    await good("tool-sbom-of-the-version-before", { sbomStatement: older }),
  ];
}

/** Where fields of a header begin (POSIX.1-2017, pax, "ustar Interchange Format"). */
export const FIELDS = { size: 124, mtime: 136, type: 156, linkName: 157 } as const;

/** The entries of an archive that is good. */
export function entriesOf(bundle: Uint8Array): Map<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  for (let at = 0; at < bundle.length - 2 * BLOCK;) {
    const header = Buffer.from(bundle.subarray(at, at + BLOCK)).toString("latin1");
    const [path = ""] = header.slice(0, 100).split("\0");
    const size = Number.parseInt(header.slice(FIELDS.size, FIELDS.size + 11), 8);
    entries.set(path, bundle.slice(at + BLOCK, at + BLOCK + size));
    at += BLOCK + size + paddingOf(size);
  }
  return entries;
}

/** Good bundles: of every example pack, and of the small one. */
export async function goodPacks(): Promise<readonly Sample[]> {
  await using site = await openSite();
  const samples: Sample[] = [];
  const good = (name: string, bytes: Uint8Array): void =>
    void samples.push({ name, path: `good/${name}.packbundle.tar`, bytes, verdict: "verified" });
  const examples = readdirSync(EXAMPLES).filter((name) => existsSync(join(EXAMPLES, name, "pack.yaml")));
  for (const example of examples.toSorted()) {
    good(example, await bundleOfFolder(join(EXAMPLES, example), site));
  }
  const tool = await toolBundle(site);
  good("tool", tool);
  return [...samples, ...(await furtherPacks(tool, site))];
}
