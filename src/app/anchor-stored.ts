import { ok, type Result } from "#fault/result.ts";
import { anchorEvidence, type AnchorAddresses, type AnchoredEvidence, type AnchorTools } from "./anchor-evidence.ts";
import type { RootPlace } from "./trust-memory.ts";
import type { Settings } from "./settings.ts";
import { hasNoRoot, siteRoot } from "./site-root.ts";

/**
 * `evidence anchor`: asks those who are named, else those of the configuration, and judges them by the configured trust
 * root, else by the development one where there is one. Faults: those of `siteRoot` and `anchorEvidence`.
 */
export async function anchorStored(
  path: string,
  named: AnchorAddresses,
  settings: Settings,
  tools: AnchorTools & Pick<RootPlace, "sha256" | "now">,
): Promise<Result<AnchoredEvidence>> {
  const root = hasNoRoot(settings) ? ok(undefined) : await siteRoot({ ...tools, settings });
  const addresses = Object.keys(named).length === 0 ? (settings.anchor ?? {}) : named;
  return root.ok ? anchorEvidence(path, addresses, root.value, tools) : root;
}
