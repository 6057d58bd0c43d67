import { existsSync } from "node:fs";
import { join } from "node:path";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { ok, type Result } from "#fault/result.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import { exitCodeOf, type Verdict } from "#verify/verdict.ts";
import type { Settings } from "./settings.ts";
import { shippedVerifier } from "./shipped-verifier.ts";
import { admitRoot } from "./trust-memory.ts";
import { readUserFile, writeUserFile } from "./user-file.ts";
import { verifyEvidence, type VerifyRequest, type VerifyTools } from "./verify-evidence.ts";

/** Whose root was believed. Without one nothing is a pass. */
type Anchor = "pinned" | "development" | "none";

export type PinnedVerdict = { readonly verdict: Verdict; readonly anchor: Anchor; readonly exitCode: number };

/**
 * Verifies a bundle against the configured trust root, else against the development one of the state folder. A root that
 * is older than one used before from here is refused. Faults: USER_FILE_READ, those of `admitRoot` and `verifyEvidence`.
 */
export async function verifyPinned(
  request: Omit<VerifyRequest, "trustRoot">,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<PinnedVerdict>> {
  const root = await rootOf(settings, tools);
  if (!root.ok) {
    return root;
  }
  const { anchor, bytes: trustRoot } = root.value;
  const verdict = await verifyEvidence({ ...request, ...(trustRoot === undefined ? {} : { trustRoot }) }, tools);
  return verdict.ok ? ok({ verdict: verdict.value, anchor, exitCode: exitCodeOf(verdict.value) }) : verdict;
}

/** `--record`: keeps the verdict beside the bundle, with who gave it and when. Fault: USER_FILE_WRITE. */
export async function recordVerdict(
  path: string,
  verdict: Verdict,
  at: string,
  version: string,
): Promise<Result<string>> {
  const file = `${path.replace(/\/+$/, "")}.verdict.json`;
  const written = await writeUserFile(file, canonicalBytes({ verifier: await shippedVerifier(version), verdict, at }));
  return written.ok ? ok(file) : written;
}

type Root = { readonly anchor: Anchor; readonly bytes?: Uint8Array };

async function rootOf({ trustFile, stateFolder }: Settings, { sha256 }: VerifyTools): Promise<Result<Root>> {
  const development = join(stateFolder, "trust", "trust-root.json");
  if (trustFile === undefined && !existsSync(development)) {
    return ok({ anchor: "none" });
  }
  const bytes = await readUserFile(trustFile ?? development);
  if (!bytes.ok) {
    return bytes;
  }
  const root = readTrustRoot(bytes.value, sha256);
  // A root that cannot be read is told by the verdict, among the other checks.
  const admitted = root.ok && trustFile !== undefined ? await admitRoot(stateFolder, root.value) : ok(undefined);
  return admitted.ok
    ? ok({ anchor: trustFile === undefined ? "development" : "pinned", bytes: bytes.value })
    : admitted;
}
