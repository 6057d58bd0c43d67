import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createPackBundle } from "#app/pack-bundle-create.ts";
import { readPackFolder } from "#app/pack-folder.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { readPack } from "#pack/read-pack.ts";
import { folderReader } from "#folder/folder-reader.ts";
import { inspectModule } from "#compose.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { value } from "../../attest/signing.ts";
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
async function bundleOfFolder(
  folder: string,
  site: SampleSite,
  publisher: Holder = "publisher",
): Promise<Uint8Array> {
  const read = value(await readPackFolder(folder, site.folder, { folders: folderReader(), sha256, inspectModule }));
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

/** Good bundles: of every example pack, and of the small one. */
export async function goodPacks(): Promise<readonly Sample[]> {
  await using site = await openSite();
  const samples: Sample[] = [];
  const good = (name: string, bytes: Uint8Array): void =>
    void samples.push({ name, path: `good/${name}.packbundle.tar`, bytes, verdict: "verified" });
  for (const example of readdirSync(EXAMPLES).toSorted()) {
    good(example, await bundleOfFolder(join(EXAMPLES, example), site));
  }
  good("tool", await toolBundle(site));
  return samples;
}
