import { existsSync } from "node:fs";
import { join } from "node:path";
import { ok, type Result } from "#fault/result.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { exitCodeOf, type Verdict } from "#verify/verdict.ts";
import { revocationsPath } from "./revocation-files.ts";
import { checkNoneMissed, lookAtRevocations } from "./revocation-standing.ts";
import type { Settings } from "./settings.ts";
import { admitRevocations, admitRoot } from "./trust-memory.ts";
import { readUserFile } from "./user-file.ts";
import { verifyEvidence, type VerifyRequest, type VerifyTools } from "./verify-evidence.ts";

/** Whose root was believed. Without one nothing is a pass. */
export type Anchor = "pinned" | "development" | "none";

export type PinnedVerdict = { readonly verdict: Verdict; readonly anchor: Anchor; readonly exitCode: number };

/**
 * Verifies a bundle against the configured trust root and its revocation list, else against the development ones of the
 * state folder. A root or a list that is older than one used before from here is refused, and so is a list that vanished.
 * Faults: USER_FILE_READ, TRUST_FILE_ACCESS, REVOCATIONS_MISSING, those of `admitRoot`, `admitRevocations` and
 * `verifyEvidence`.
 */
export async function verifyPinned(
  request: PinnedRequest,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<PinnedVerdict>> {
  const root = await pinnedRoot(settings, tools);
  if (!root.ok) {
    return root;
  }
  const { anchor, bytes: trustRoot, root: read } = root.value;
  const list = await pinnedLists(request.revocations, read, settings, tools);
  if (!list.ok) {
    return list;
  }
  const { revocations: _, ...rest } = request;
  const revocations = list.value === undefined ? {} : { revocations: list.value };
  const given = { ...rest, ...revocations, ...(trustRoot === undefined ? {} : { trustRoot }) };
  const verdict = await verifyEvidence(given, tools);
  return verdict.ok ? ok({ verdict: verdict.value, anchor, exitCode: exitCodeOf(verdict.value) }) : verdict;
}

/** `revocations`: the path of a list in place of the one that belongs to the root. */
type PinnedRequest = Omit<VerifyRequest, "trustRoot" | "revocations"> & { readonly revocations?: string };

type Root = { readonly anchor: Anchor; readonly bytes?: Uint8Array; readonly root?: TrustRoot };

/**
 * The list that counts with this root, or the path that was given. What is wrong with the list itself is told by the verdict;
 * that it is older than another one only this place knows. Faults: TRUST_FILE_ACCESS, REVOCATIONS_MISSING, those of
 * `admitRevocations`.
 */
export async function pinnedLists(
  given: string | undefined,
  root: TrustRoot | undefined,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<VerifyRequest["revocations"]>> {
  if (root === undefined) {
    return ok(given);
  }
  const place = { ...tools, settings };
  const seen = await lookAtRevocations(given ?? revocationsPath(settings), root, place);
  if (!seen.ok) {
    return seen;
  }
  if (seen.value === undefined) {
    return given === undefined ? checkNoneMissed(root, place) : ok(given);
  }
  const { files, signed } = seen.value;
  const admitted = signed.ok ? await admitRevocations(settings.stateFolder, signed.value) : ok(undefined);
  return admitted.ok ? ok(files) : admitted;
}

/** The root that is believed here. Faults: USER_FILE_READ, those of `admitRoot`. */
export async function pinnedRoot({ trustFile, stateFolder }: Settings, { sha256 }: VerifyTools): Promise<Result<Root>> {
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
  const anchor = trustFile === undefined ? "development" : "pinned";
  return admitted.ok ? ok({ anchor, bytes: bytes.value, ...(root.ok ? { root: root.value } : {}) }) : admitted;
}
