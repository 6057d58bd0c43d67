import { existsSync } from "node:fs";
import type { Sha256 } from "#canon/digest.ts";
import { ok, type Result } from "#fault/result.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { anchorEvidence, type AnchorAddresses, type AnchoredEvidence, type AnchorTools } from "./anchor-evidence.ts";
import { readRootFile } from "./read-root-file.ts";
import type { Settings } from "./settings.ts";
import { rootFileOf } from "./trust-admission.ts";

/**
 * `evidence anchor`: asks those who are named, else those of the configuration, and judges them by the configured trust
 * root, else by the development one where there is one. Faults: TRUST_FILE, those of `readTrustRoot` and `anchorEvidence`.
 */
export async function anchorStored(
  path: string,
  named: AnchorAddresses,
  settings: Settings,
  tools: AnchorTools & { readonly sha256: Sha256 },
): Promise<Result<AnchoredEvidence>> {
  const root = await configuredRoot(settings, tools.sha256);
  const addresses = Object.keys(named).length === 0 ? (settings.anchor ?? {}) : named;
  return root.ok ? anchorEvidence(path, addresses, root.value, tools) : root;
}

async function configuredRoot(settings: Settings, sha256: Sha256): Promise<Result<TrustRoot | undefined>> {
  const file = rootFileOf(settings);
  if (settings.trustFile === undefined && !existsSync(file)) {
    return ok(undefined);
  }
  const bytes = await readRootFile(file);
  return bytes.ok ? readTrustRoot(bytes.value, sha256) : bytes;
}
