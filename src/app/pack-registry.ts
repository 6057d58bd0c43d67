import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { tenantPrefix } from "#canon/ids.ts";
import { isJsonObject } from "#canon/json.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { isEarlierVersion, PACK_NAME, SEM_VER } from "#trust/pack-version.ts";
import type { Settings } from "./settings.ts";

/** A version of a pack as people name it: `acme/tool@1.2.0`. */
export type PackReference = { readonly name: string; readonly version: string };

/** Where one version lies: the bundle as it came, the verdict on it, and the files of the pack. */
export type RegistryEntry = {
  readonly folder: string;
  readonly bundle: string;
  readonly verdict: string;
  readonly pack: string;
};

export type ListedPack = PackReference & {
  /** As they were found when it was imported; null where the record cannot be read. */
  readonly packDigest: string | null;
  readonly importedAt: string | null;
};

/** Names have at most four parts, and the version is a folder below them. */
const DEEPEST = 5;

/** The version that a PACK argument names; undefined for paths. A folder of such a name is reached with `./`. */
export function packReference(text: string): PackReference | undefined {
  const at = text.indexOf("@");
  const name = text.slice(0, Math.max(0, at));
  const version = text.slice(at + 1);
  return PACK_NAME.test(name) && SEM_VER.test(version) ? { name, version } : undefined;
}

/** The tenant's registry of this place, or the one that was named. */
export function registryFolder(
  { stateFolder, tenantId }: Pick<Settings, "stateFolder" | "tenantId">,
  given?: string,
): string {
  return given ?? join(stateFolder, tenantPrefix(tenantId), "registry");
}

/** No part of a name has a dot and every version has two, so that no entry lies in another one. */
export function registryEntry(registry: string, { name, version }: PackReference): RegistryEntry {
  const folder = join(registry, ...name.split("/"), version);
  const bundle = join(folder, "bundle.packbundle.tar");
  return { folder, bundle, verdict: `${bundle}.verdict.json`, pack: join(folder, "pack") };
}

/** Every version in the registry, by name and then from the earliest on. A registry that is not there is empty. */
export async function listPacks(registry: string): Promise<readonly ListedPack[]> {
  const found: PackReference[] = [];
  await walk(registry, [], found);
  const sorted = found.toSorted((a, b) => compareUtf8(a.name, b.name) || compareVersions(a.version, b.version));
  return Promise.all(sorted.map(async (each) => ({ ...each, ...(await recordOf(registryEntry(registry, each))) })));
}

async function walk(registry: string, parts: readonly string[], found: PackReference[]): Promise<void> {
  const entries = await readdir(join(registry, ...parts), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const reference = packReference(`${parts.join("/")}@${entry.name}`);
    if (entry.isDirectory() && reference !== undefined) {
      found.push(reference);
    } else if (entry.isDirectory() && parts.length < DEEPEST && PACK_NAME.test(entry.name)) {
      await walk(registry, [...parts, entry.name], found);
    }
  }
}

async function recordOf({ verdict }: RegistryEntry): Promise<Pick<ListedPack, "packDigest" | "importedAt">> {
  const bytes = await readFile(verdict).catch(() => undefined);
  const read = bytes === undefined ? undefined : readCanonicalJson(bytes, verdict);
  const record = read?.ok === true && isJsonObject(read.value) ? read.value : {};
  const given = isJsonObject(record["verdict"]) ? record["verdict"] : {};
  const subject = isJsonObject(given["subject"]) ? given["subject"] : {};
  return { packDigest: textOf(subject["packDigest"]), importedAt: textOf(record["at"]) };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function compareVersions(a: string, b: string): number {
  return isEarlierVersion(a, b) ? -1 : isEarlierVersion(b, a) ? 1 : compareUtf8(a, b);
}
