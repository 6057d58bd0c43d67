import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import { createPackBundle, type PackBundleOrder } from "#app/pack-bundle-create.ts";
import { importPackBundle } from "#app/pack-bundle-import.ts";
import type { verifyPackPinned } from "#app/pack-bundle-verify.ts";
import { registryFolder } from "#app/pack-registry.ts";
import type { Settings } from "#app/settings.ts";
import { folderReader } from "#folder/folder-reader.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { value } from "../attest/signing.ts";
import { FILES } from "../bundle/bundle-world.ts";
import { people, role, type Document } from "../trust/world.ts";
import { revocationDesk, type RevocationDesk } from "./revocation-desk.ts";

/** The sample pack. */
export const REFERENCE = { name: "acme/tool", version: "1.2.0" };

export type Site = {
  readonly desk: RevocationDesk;
  readonly settings: Settings;
  readonly registry: string;
  readonly tools: Parameters<typeof verifyPackPinned>[2];
  readonly order: (change?: Partial<PackBundleOrder>) => Promise<PackBundleOrder>;
  /** Makes the bundle and imports it. */
  readonly taken: () => Promise<string>;
};

/** A place with a trust root in which `bob` publishes, a list, and the sample pack in a folder. */
export async function site(t: Test, change: (document: Document) => void = () => undefined): Promise<Site> {
  const publish = (made: Document): void => {
    made.roles = { ...made.roles, "pack-publisher": { ...role("bob", "alice"), packs: ["acme/*"] } };
    change(made);
  };
  const desk = revocationDesk(t, publish);
  await desk.put();
  const folder = writeFiles(join(desk.dir, "tool"), FILES);
  const settings = { ...desk.place.settings, tenantId: "default" } as Settings;
  const registry = registryFolder(settings);
  const out = join(desk.dir, "tool.packbundle.tar");
  const order: Site["order"] = async (given = {}) => {
    const { listing } = value(await folderReader().readPack(given.folder ?? folder));
    const pack = { ...REFERENCE, listing, packDigest: treeDigest(listing, sha256) };
    return { pack, folder, signer: people.bob.signer, out, ...given };
  };
  const tools = desk.place;
  const taken = async (): Promise<string> => {
    value(await createPackBundle(await order(), desk.place));
    const { kept } = value(await importPackBundle({ path: out, registry, version: "0.1.0" }, settings, tools));
    return kept?.folder ?? "nowhere";
  };
  return { desk, settings, registry, tools, order, taken };
}

export function writeFiles(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), path.endsWith(".sh") ? 0o755 : 0o644);
  }
  return folder;
}
