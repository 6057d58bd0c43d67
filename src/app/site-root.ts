import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "#fault/result.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { readRootFile } from "./read-root-file.ts";
import type { Settings } from "./settings.ts";
import { admitRoot, type RootPlace } from "./trust-memory.ts";

type RootSettings = Pick<Settings, "trustFile" | "stateFolder">;

/** Where the trust root of this place is: as configured, else the development one. */
export function rootFileOf({ trustFile, stateFolder }: RootSettings): string {
  return trustFile ?? join(stateFolder, "trust", "trust-root.json");
}

/** Nothing is configured, and no development root is there yet. */
export function hasNoRoot(settings: RootSettings): boolean {
  return settings.trustFile === undefined && !existsSync(rootFileOf(settings));
}

/** The trust root of this place, taken into use. Faults: TRUST_FILE, those of `readTrustRoot` and `admitRoot`. */
export async function siteRoot(place: RootPlace): Promise<Result<TrustRoot>> {
  const file = rootFileOf(place.settings);
  const bytes = await readRootFile(file);
  const root = bytes.ok ? readTrustRoot(bytes.value, place.sha256, file) : bytes;
  // The development root is of this place itself, and is no version of anything.
  const admitted = root.ok && place.settings.trustFile !== undefined ? await admitRoot(root.value, place) : root;
  return admitted.ok ? root : admitted;
}
