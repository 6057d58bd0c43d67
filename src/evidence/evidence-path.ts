import { INSTANCE_ID } from "#run/event-shape.ts";
import { LONGEST_GATE } from "./gate-path.ts";

/** What a file of a bundle is for; a sidecar has its file's role. */
export const ROLES = [
  "plan",
  "inputs-lock",
  "ledger",
  "outputs",
  "pack-manifest",
  "run-request",
  "approval-request",
  "approval",
  "artifact",
  "policy-context",
  "egress",
  "sbom",
  "pack-attestation",
  "revocations",
  "trust",
] as const;
export type EvidenceRole = (typeof ROLES)[number];

export const MANIFEST_PATH = "evidence.manifest.json";
export const SIDECAR = ".sigstore.json";
export const ATTESTATION_PATH = "evidence.manifest.json.sigstore.json";
export const PLAN_PATH = "plan.canonical.json";
export const INPUTS_LOCK_PATH = "inputs.lock";
export const LEDGER_PATH = "ledger.jsonl";
export const OUTPUTS_PATH = "outputs.json";
export const PACK_MANIFEST_PATH = "pack.manifest.json";
export const RUN_REQUEST_PATH = "request.sigstore.json";
export const EGRESS_PATH = "egress.jsonl";
export const SBOM_PATH = "pack.sbom.cdx.json";
export const PACK_ATTESTATION_PATH = "pack.attestation.sigstore.json";
export const REVOCATIONS_PATH = "revocations.json";
export const TRUST_ROOT_PATH = "trust/trust-root.json";

const FIXED: ReadonlyMap<string, EvidenceRole> = new Map([
  [PLAN_PATH, "plan"],
  [INPUTS_LOCK_PATH, "inputs-lock"],
  [LEDGER_PATH, "ledger"],
  [OUTPUTS_PATH, "outputs"],
  [PACK_MANIFEST_PATH, "pack-manifest"],
  [RUN_REQUEST_PATH, "run-request"],
  [EGRESS_PATH, "egress"],
  [SBOM_PATH, "sbom"],
  [SBOM_PATH + SIDECAR, "sbom"],
  [PACK_ATTESTATION_PATH, "pack-attestation"],
  [REVOCATIONS_PATH, "revocations"],
  [REVOCATIONS_PATH + SIDECAR, "revocations"],
  [TRUST_ROOT_PATH, "trust"],
] as const);

/** A gate's name in paths: the instance's id, or the hex SHA-256 of one that is too long. */
const GATE = `(?<gate>${INSTANCE_ID.source.slice(1, -1)}|[0-9a-f]{64})`;
const PATTERNS: readonly (readonly [RegExp, EvidenceRole])[] = [
  [new RegExp(`^approvals/${GATE}/request\\.json(?:\\.sigstore\\.json)?$`), "approval-request"],
  [new RegExp(`^approvals/${GATE}/[1-9][0-9]{0,5}\\.sigstore\\.json$`), "approval"],
  [/^artifacts\/sha256\/[0-9a-f]{64}$/, "artifact"],
  [new RegExp(`^policies/${GATE}\\.json$`), "policy-context"],
];

/**
 * The role of a path in a bundle, or undefined when no file of a bundle is called so. The layout is closed: this is
 * also what keeps `..`, absolute names and strange characters out.
 */
export function roleOf(path: string): EvidenceRole | undefined {
  return FIXED.get(path) ?? PATTERNS.find(([pattern]) => fitsPattern(path, pattern))?.[1];
}

function fitsPattern(path: string, pattern: RegExp): boolean {
  const found = pattern.exec(path);
  return found !== null && (found.groups?.["gate"] ?? "").length <= LONGEST_GATE;
}

const SIGSTORE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** The media type of a path; `declared` is what the ledger says of an artifact. */
export function mediaTypeOf(path: string, declared?: string): string {
  if (path.startsWith("artifacts/")) {
    return declared ?? "application/octet-stream";
  }
  if (path.endsWith(SIDECAR)) {
    return SIGSTORE;
  }
  return path.endsWith(".jsonl") ? "application/x-ndjson" : "application/json";
}

export function artifactPath(hex: string): string {
  return `artifacts/sha256/${hex}`;
}
